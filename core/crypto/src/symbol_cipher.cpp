#include "nakadachi/crypto/symbol_cipher.hpp"

#include <array>
#include <utility>

#include "botan_compat.hpp"
#include "nakadachi/base/assert.hpp"
#include "nakadachi/crypto/hash.hpp"

namespace nakadachi::crypto {
namespace {

constexpr std::size_t kKeySize = 16;

}  // namespace

struct SymbolCipher::Kept {
  std::unique_ptr<Botan::BlockCipher> cipher;
};

SymbolCipher::SymbolCipher(SecretBytes root) : root_(std::move(root)) {
  NAKADACHI_ASSERT(root_.size() == kRootSize);
}
SymbolCipher::SymbolCipher(SymbolCipher&&) noexcept = default;
SymbolCipher::~SymbolCipher() = default;

SymbolCipher::Kept& SymbolCipher::kept(const InstitutionCode& institution) {
  std::unique_ptr<Kept>& place = kept_[institution];
  if (place == nullptr) {
    Bytes context;
    append_big_endian<8>(context, institution.number());
    const SecretBytes key = derive_key(root_, "nakadachi symbol v1", context, kKeySize);
    place = botan::must([&] {
      auto made = std::make_unique<Kept>();
      made->cipher = Botan::BlockCipher::create_or_throw("AES-128");
      made->cipher->set_key(key.view().data(), key.size());
      return made;
    });
  }
  return *place;
}

Symbol SymbolCipher::symbol_of(const InstitutionCode& institution, const PersonId& person) {
  std::array<std::uint8_t, Symbol::kSize> block{};
  kept(institution).cipher->encrypt(person.view().data(), block.data());
  return Symbol(block);
}

PersonId SymbolCipher::person_of(const InstitutionCode& institution, const Symbol& symbol) {
  PersonId person;
  kept(institution).cipher->decrypt(symbol.reveal().data(), person.writable().data());
  return person;
}

Symbol SymbolCipher::translate(const InstitutionCode& from, const Symbol& symbol,
                               const InstitutionCode& to) {
  return symbol_of(to, person_of(from, symbol));
}

}  // namespace nakadachi::crypto
