#pragma once

#include <map>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/secret.hpp"
#include "nakadachi/crypto/block_cipher.hpp"

namespace nakadachi::crypto {

/// Identity of a person inside the core system (stands for what 機構 and core
/// derive from the 住民票コード). Never leaves it.
using PersonId = FixedBytes<struct PersonIdTag, 16>;

/// Makes and translates symbols for the reference core system: the symbol of a
/// person at an institution is the person's id enciphered with AES-128 under a
/// key of that institution, so it can be undone and nothing has to be stored,
/// and a person's symbols at two institutions are unrelated without the key.
/// Any 16 bytes are somebody's symbol: whether the person exists is the caller's
/// to find out. docs/protocol/seals.md. One object a thread.
class SymbolCipher {
 public:
  static constexpr std::size_t kRootSize = 32;
  /// `root` has `kRootSize` bytes; anything else is a bug.
  explicit SymbolCipher(SecretBytes root);

  Symbol symbol_of(const InstitutionCode& institution, const PersonId& person);
  PersonId person_of(const InstitutionCode& institution, const Symbol& symbol);
  /// The same person's symbol at another institution.
  Symbol translate(const InstitutionCode& from, const Symbol& symbol, const InstitutionCode& to);

 private:
  const BlockCipher& cipher_of(const InstitutionCode& institution);
  SecretBytes root_;
  std::map<InstitutionCode, BlockCipher> ciphers_;
};

}  // namespace nakadachi::crypto
