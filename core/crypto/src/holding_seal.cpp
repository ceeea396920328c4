#include "nakadachi/crypto/holding_seal.hpp"

namespace nakadachi::crypto {
namespace {

SealedPlace place_of(std::string_view section, const HoldingKey& key) {
  return {.table = "holding", .column = section, .row = key.view()};
}

}  // namespace

Result<HoldingKey> holding_key(TenantCipher& cipher, const InstitutionCode& institution,
                               std::string_view purpose, std::initializer_list<ByteView> parts) {
  NAKADACHI_TRY(const Digest digest, cipher.keyed_hash(institution, purpose, parts));
  return *HoldingKey::from(digest.view().first(HoldingKey::kSize));
}

Result<Bytes> seal_holding(TenantCipher& cipher, std::string_view section, const HoldingKey& key,
                           ByteView plain, Random& random) {
  return cipher.seal(place_of(section, key), plain, random);
}

Result<Bytes> open_holding(TenantCipher& cipher, std::string_view section, const HoldingKey& key,
                           ByteView sealed) {
  return cipher.open(place_of(section, key), sealed);
}

}  // namespace nakadachi::crypto
