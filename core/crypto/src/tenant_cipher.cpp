#include <array>
#include <utility>

#include "eviction.hpp"
#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/reader.hpp"
#include "nakadachi/crypto/keys.hpp"

namespace nakadachi::crypto {
namespace {

/// Tenant, table, column and row, each variable part after its length.
Bytes associated_data(TenantId tenant, const SealedPlace& place) {
  NAKADACHI_ASSERT(place.table.size() <= UINT16_MAX && place.column.size() <= UINT16_MAX);
  Bytes bytes;
  bytes.reserve(4 + 2 + place.table.size() + 2 + place.column.size() + 4 + place.row.size());
  append_big_endian<4>(bytes, tenant.value);
  append_big_endian<2>(bytes, place.table.size());
  append(bytes, as_bytes(place.table));
  append_big_endian<2>(bytes, place.column.size());
  append(bytes, as_bytes(place.column));
  append_big_endian<4>(bytes, place.row.size());
  append(bytes, place.row);
  return bytes;
}

Aead make_cipher(const SecretBytes& master, TenantId tenant, std::uint32_t epoch,
                 std::string_view table) {
  Bytes context;
  append_big_endian<4>(context, tenant.value);
  append_big_endian<4>(context, epoch);
  append(context, as_bytes(table));
  return Aead(derive_key(master, "nakadachi tenant seal v1", context, Aead::kKeySize));
}

}  // namespace

void TenantCipher::add_version(std::uint32_t version, SecretBytes master) {
  NAKADACHI_ASSERT(master.size() == kMasterSize);
  const auto held = masters_.find(version);
  if (held != masters_.end()) {
    NAKADACHI_ASSERT(equal_in_constant_time(held->second.view(), master.view()));
    return;
  }
  masters_.emplace(version, std::move(master));
  // The first version may have changed, and with it the key of every index.
  hashes_.clear();
}

TenantCipher::Sealing& TenantCipher::sealing(std::string_view table, Random& random) {
  const std::uint32_t newest = masters_.rbegin()->first;
  auto place = sealing_.find(table);
  if (place == sealing_.end()) place = sealing_.emplace(std::string(table), Sealing{}).first;
  Sealing& sealing = place->second;
  if (sealing.version != newest || sealing.used == 0 || sealing.used >= uses_per_epoch_) {
    // Processes that seal under one master, one after another or at once, do not
    // know of each other's uses. So an epoch starts at random: two of 10,000
    // processes share a key with a chance of about 1 in 100, and a key sees 2^28
    // uses from each. Nonces are random as well. Two equal ones among 2^28 uses
    // have a chance of 2^56 / 2^97 = 2^-41, among the 2^29 of a shared key 2^-39;
    // NIST SP 800-38D (8.3) asks for at most 2^-32, which is reached at 2^32 uses.
    std::array<std::uint8_t, 4> epoch{};
    random.fill(epoch);
    sealing = {.version = newest,
               .epoch = static_cast<std::uint32_t>(Reader(epoch).number<4>()),
               .used = 0};
  }
  return sealing;
}

Result<Bytes> TenantCipher::seal(const SealedPlace& place, ByteView plain, Random& random) {
  if (masters_.empty()) return ErrorCode::kKeyUnavailable;
  Sealing& under = sealing(place.table, random);
  ++under.used;
  KeptCipher* kept = find_kept(under.version, under.epoch, place.table);
  if (kept == nullptr) {
    kept = &keep(under.version, under.epoch, place.table,
                 make_cipher(masters_.at(under.version), tenant_, under.epoch, place.table));
  }
  const auto nonce = random.make<Aead::Nonce>();
  Bytes sealed;
  sealed.reserve(kOverhead + plain.size());
  append_big_endian<4>(sealed, under.version);
  append_big_endian<4>(sealed, under.epoch);
  append(sealed, nonce.view());
  kept->cipher.seal(nonce, associated_data(tenant_, place), plain, sealed);
  return sealed;
}

Result<Bytes> TenantCipher::open(const SealedPlace& place, ByteView sealed) {
  Reader reader(sealed);
  const auto version = static_cast<std::uint32_t>(reader.number<4>());
  const auto epoch = static_cast<std::uint32_t>(reader.number<4>());
  const auto nonce = reader.fixed<Aead::Nonce>();
  const ByteView ciphertext = reader.take(reader.left());
  if (reader.failed()) return ErrorCode::kSealBroken;
  const auto master = masters_.find(version);
  if (master == masters_.end()) return ErrorCode::kKeyUnavailable;

  const Bytes associated = associated_data(tenant_, place);
  if (KeptCipher* kept = find_kept(version, epoch, place.table)) {
    return kept->cipher.open(nonce, associated, ciphertext);
  }
  Aead cipher = make_cipher(master->second, tenant_, epoch, place.table);
  auto plain = cipher.open(nonce, associated, ciphertext);
  // Only a key that opened something is kept: spoilt rows push out no other.
  if (plain.ok()) keep(version, epoch, place.table, std::move(cipher));
  return plain;
}

TenantCipher::KeptCipher* TenantCipher::find_kept(std::uint32_t version, std::uint32_t epoch,
                                                  std::string_view table) {
  const auto place = ciphers_.find(std::tuple(version, epoch, table));
  if (place == ciphers_.end()) return nullptr;
  place->second.last_use = ++uses_;
  return &place->second;
}

TenantCipher::KeptCipher& TenantCipher::keep(std::uint32_t version, std::uint32_t epoch,
                                             std::string_view table, Aead cipher) {
  make_room(ciphers_, kKeptCiphers, [](const KeptCipher& kept) { return kept.last_use; });
  return ciphers_
      .emplace(CipherKey(version, epoch, table),
               KeptCipher{.cipher = std::move(cipher), .last_use = ++uses_})
      .first->second;
}

Result<Digest> TenantCipher::keyed_hash(const InstitutionCode& institution,
                                        std::string_view purpose,
                                        std::initializer_list<ByteView> parts) {
  if (masters_.empty()) return ErrorCode::kKeyUnavailable;
  auto place = hashes_.find(std::tuple(institution, purpose));
  if (place == hashes_.end()) {
    Bytes context;
    append_big_endian<4>(context, tenant_.value);
    append_big_endian<8>(context, institution.number());
    append(context, as_bytes(purpose));
    KeyedHash hash(
        derive_key(masters_.begin()->second, "nakadachi index v1", context, Digest::kSize));
    place = hashes_.emplace(std::tuple(institution, std::string(purpose)), std::move(hash)).first;
  }
  return place->second.framed(parts);
}

}  // namespace nakadachi::crypto
