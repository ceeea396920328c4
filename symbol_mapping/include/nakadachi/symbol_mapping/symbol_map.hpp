#pragma once

#include <utility>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/result.hpp"

namespace nakadachi::symbols {

/// 符号 ⇄ 団体内統合宛名番号 of one institution, as an immutable snapshot.
/// Safe for any number of threads; lookups never wait and never allocate.
class SymbolMap {
 public:
  using Binding = std::pair<AddressNumber, Symbol>;

  SymbolMap() = default;
  /// Errors: `kRowConflict` when an address number or a symbol is bound twice;
  /// the position is that of a binding in `bindings` sorted by the side at fault.
  static Result<SymbolMap> make(std::vector<Binding> bindings);

  /// The symbol bound to `address`. Errors: `kSymbolNotAcquired`, the same
  /// whether or not the person is known elsewhere. 番号法 21条の2.
  Result<Symbol> find_symbol(const AddressNumber& address) const;

  /// The address number bound to `symbol`. Errors: `kProviderHoldsNoSymbol`.
  Result<AddressNumber> find_address(const Symbol& symbol) const;

  std::size_t size() const noexcept { return by_address_.size(); }

 private:
  std::vector<Binding> by_address_;
  std::vector<Binding> by_symbol_;
};

}  // namespace nakadachi::symbols
