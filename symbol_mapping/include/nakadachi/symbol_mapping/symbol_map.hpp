#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/block_cipher.hpp"

namespace nakadachi::symbols {

/// The two keys under which a process keeps address numbers and symbols in its
/// memory. Drawn when it starts, never stored, shared by all its maps.
struct MapKeys {
  explicit MapKeys(Random& random);
  crypto::BlockCipher addresses;
  crypto::BlockCipher symbols;
};

/// 符号 ⇄ 団体内統合宛名番号 of one institution, as an immutable snapshot.
///
/// Holds no address number and no symbol in clear: both stand as single blocks
/// enciphered under the keys of the process, in two sorted tables, one a
/// direction. A look-up enciphers what it looks for and deciphers the partner.
///
/// A handle: copying is cheap and shares the tables, `with` makes another map
/// and leaves this one as it is, so a reader goes on with what it has. Safe for
/// any number of threads; look-ups never wait and never allocate. 64 bytes of
/// memory a person.
class SymbolMap {
 public:
  using Binding = std::pair<AddressNumber, Symbol>;

  /// Binds nobody, and nobody can be added (it has no keys).
  SymbolMap() = default;
  /// Binds nobody yet. `keys` is not null.
  explicit SymbolMap(std::shared_ptr<const MapKeys> keys);
  /// Errors: `kRowConflict` when an address number or a symbol is bound twice;
  /// the position is that of the second of the two in `bindings`.
  static Result<SymbolMap> make(std::shared_ptr<const MapKeys> keys,
                                std::span<const Binding> bindings);

  /// The symbol bound to `address`. Errors: `kSymbolNotAcquired`, the same
  /// whether or not the person is known elsewhere. 番号法 21条の2.
  Result<Symbol> find_symbol(const AddressNumber& address) const;

  /// The address number bound to `symbol`. Errors: `kProviderHoldsNoSymbol`.
  Result<AddressNumber> find_address(const Symbol& symbol) const;

  /// This map without the bindings of `removed` and then with those of `added`;
  /// a change of symbol is one of each. A call costs some 20 µs beyond its
  /// entries; one call in a thousand rebuilds the tables, 20 ms with 400,000
  /// persons. Many changes belong into one call.
  /// Errors: `kSymbolNotAcquired` when one to be removed is not bound, or is
  /// named twice; `kRowConflict` as in `make`, also against what this map binds.
  /// Nothing changes on failure.
  Result<SymbolMap> with(std::span<const Binding> added,
                         std::span<const AddressNumber> removed = {}) const;

  std::size_t size() const noexcept;

 private:
  struct Tables;

  std::shared_ptr<const MapKeys> keys_;
  std::shared_ptr<const Tables> tables_;
};

/// The value of a holding: u8 version 1, u64 address number, big-endian, 16 bytes
/// of symbol. Personal: to be sealed.
Bytes encode(const SymbolMap::Binding& binding);
/// Errors: `kUnsupportedVersion`; `kMalformedFrame` for any other bytes that
/// `encode` does not make.
Result<SymbolMap::Binding> decode_binding(ByteView bytes);

}  // namespace nakadachi::symbols
