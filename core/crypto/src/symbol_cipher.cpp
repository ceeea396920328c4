#include "nakadachi/crypto/symbol_cipher.hpp"

#include <algorithm>
#include <utility>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/crypto/hash.hpp"

namespace nakadachi::crypto {

SymbolCipher::SymbolCipher(SecretBytes root) : root_(std::move(root)) {
  NAKADACHI_ASSERT(root_.size() == kRootSize);
}

const BlockCipher& SymbolCipher::cipher_of(const InstitutionCode& institution) {
  const auto place = ciphers_.lower_bound(institution);
  if (place != ciphers_.end() && place->first == institution) return place->second;
  Bytes context;
  append_big_endian<8>(context, institution.number());
  return ciphers_
      .emplace_hint(
          place, institution,
          BlockCipher(derive_key(root_, "nakadachi symbol v1", context, BlockCipher::kKeySize)))
      ->second;
}

Symbol SymbolCipher::symbol_of(const InstitutionCode& institution, const PersonId& person) {
  BlockCipher::Block block{};
  std::copy(person.view().begin(), person.view().end(), block.begin());
  cipher_of(institution).encipher(block);
  return Symbol(block);
}

PersonId SymbolCipher::person_of(const InstitutionCode& institution, const Symbol& symbol) {
  BlockCipher::Block block{};
  std::copy(symbol.reveal().begin(), symbol.reveal().end(), block.begin());
  cipher_of(institution).decipher(block);
  return PersonId(block);
}

Symbol SymbolCipher::translate(const InstitutionCode& from, const Symbol& symbol,
                               const InstitutionCode& to) {
  return symbol_of(to, person_of(from, symbol));
}

}  // namespace nakadachi::crypto
