#include "nakadachi/symbol_mapping/symbol_map.hpp"

#include <algorithm>

namespace nakadachi::symbols {
namespace {

using Binding = SymbolMap::Binding;

template <class Member>
Result<std::vector<Binding>> sorted_without_doubles(std::vector<Binding> bindings, Member member) {
  std::sort(bindings.begin(), bindings.end(),
            [member](const Binding& a, const Binding& b) { return a.*member < b.*member; });
  const auto twice = std::adjacent_find(
      bindings.begin(), bindings.end(),
      [member](const Binding& a, const Binding& b) { return a.*member == b.*member; });
  if (twice != bindings.end()) {
    return Error{.code = ErrorCode::kRowConflict,
                 .field = "symbol_binding",
                 .position = static_cast<std::int32_t>(twice - bindings.begin())};
  }
  return bindings;
}

template <class Member, class Key>
const Binding* find_by(const std::vector<Binding>& bindings, Member member, const Key& key) {
  const auto found = std::lower_bound(
      bindings.begin(), bindings.end(), key,
      [member](const Binding& a, const Key& wanted) { return a.*member < wanted; });
  return found != bindings.end() && (*found).*member == key ? &*found : nullptr;
}

}  // namespace

Result<SymbolMap> SymbolMap::make(std::vector<Binding> bindings) {
  SymbolMap map;
  NAKADACHI_TRY(map.by_symbol_, sorted_without_doubles(bindings, &Binding::second));
  NAKADACHI_TRY(map.by_address_, sorted_without_doubles(std::move(bindings), &Binding::first));
  return map;
}

Result<Symbol> SymbolMap::find_symbol(const AddressNumber& address) const {
  const Binding* const found = find_by(by_address_, &Binding::first, address);
  if (found == nullptr) return ErrorCode::kSymbolNotAcquired;
  return found->second;
}

Result<AddressNumber> SymbolMap::find_address(const Symbol& symbol) const {
  const Binding* const found = find_by(by_symbol_, &Binding::second, symbol);
  if (found == nullptr) return ErrorCode::kProviderHoldsNoSymbol;
  return found->first;
}

}  // namespace nakadachi::symbols
