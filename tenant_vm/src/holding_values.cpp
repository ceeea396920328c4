#include "nakadachi/tenant_vm/holding_values.hpp"

#include "nakadachi/base/reader.hpp"

namespace nakadachi::tenant_vm {
namespace {

constexpr std::string_view kSymbol = "symbol";
constexpr std::string_view kBinding = "binding";
constexpr std::string_view kAcquisition = "acquisition";
constexpr std::string_view kWish = "wish";
constexpr std::string_view kPerson = "person";

Result<HoldingKey> key_of_person(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                                 std::string_view purpose, const AddressNumber& person) {
  Bytes number;
  append_big_endian<8>(number, person.reveal());
  return crypto::holding_key(cipher, institution, purpose, {number});
}

Error malformed(std::string_view field) {
  return {.code = ErrorCode::kMalformedFrame, .field = field};
}

}  // namespace

Result<HoldingKey> symbol_key(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                              const AddressNumber& person) {
  return key_of_person(cipher, institution, kSymbol, person);
}

Result<HoldingKey> binding_name(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                                const Symbol& symbol) {
  return crypto::holding_key(cipher, institution, kBinding, {symbol.reveal()});
}

/// institution (8 bytes) ‖ address number (8) ‖ symbol (16).
Result<Bytes> seal_symbol(crypto::TenantCipher& cipher, const HoldingKey& key,
                          const StoredSymbol& symbol, Random& random) {
  Bytes plain;
  append_big_endian<8>(plain, symbol.institution.number());
  append_big_endian<8>(plain, symbol.binding.first.reveal());
  append(plain, symbol.binding.second.reveal());
  return crypto::seal_holding(cipher, kSymbol, key, plain, random);
}

Result<StoredSymbol> open_symbol(crypto::TenantCipher& cipher, const HoldingKey& key,
                                 ByteView sealed) {
  NAKADACHI_TRY(const Bytes plain, crypto::open_holding(cipher, kSymbol, key, sealed));
  Reader reader(plain);
  const std::uint64_t code = reader.number<8>();
  const std::uint64_t number = reader.number<8>();
  const ByteView bytes = reader.take(Symbol::kSize);
  if (reader.failed() || reader.left() > 0) return malformed(kSymbol);
  NAKADACHI_TRY(const InstitutionCode institution, InstitutionCode::from_number(code));
  NAKADACHI_TRY(const AddressNumber person, AddressNumber::from_number(number));
  NAKADACHI_TRY(const Symbol symbol, Symbol::from(bytes));
  return StoredSymbol{institution, {person, symbol}};
}

Result<HoldingKey> acquisition_key(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                                   const AddressNumber& person) {
  return key_of_person(cipher, institution, kAcquisition, person);
}

/// institution (8 bytes) ‖ symbols::encode(acquisition).
Result<Bytes> seal_acquisition(crypto::TenantCipher& cipher, const HoldingKey& key,
                               const StoredAcquisition& acquisition, Random& random) {
  Bytes plain;
  append_big_endian<8>(plain, acquisition.institution.number());
  append(plain, symbols::encode(acquisition.acquisition));
  return crypto::seal_holding(cipher, kAcquisition, key, plain, random);
}

Result<StoredAcquisition> open_acquisition(crypto::TenantCipher& cipher, const HoldingKey& key,
                                           ByteView sealed) {
  NAKADACHI_TRY(const Bytes plain, crypto::open_holding(cipher, kAcquisition, key, sealed));
  Reader reader(plain);
  const std::uint64_t code = reader.number<8>();
  const ByteView rest = reader.take(reader.left());
  if (reader.failed()) return malformed(kAcquisition);
  NAKADACHI_TRY(const InstitutionCode institution, InstitutionCode::from_number(code));
  NAKADACHI_TRY(const symbols::PendingAcquisition acquisition, symbols::decode_pending(rest));
  return StoredAcquisition{institution, acquisition};
}

Result<HoldingKey> wish_key(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                            const Digest& request_hash) {
  return crypto::holding_key(cipher, institution, kWish, {request_hash.view()});
}

/// institution (8 bytes) ‖ statement.
Result<Bytes> seal_wish(crypto::TenantCipher& cipher, const HoldingKey& key, const StoredWish& wish,
                        Random& random) {
  Bytes plain;
  append_big_endian<8>(plain, wish.institution.number());
  append(plain, wish.statement);
  return crypto::seal_holding(cipher, kWish, key, plain, random);
}

Result<StoredWish> open_wish(crypto::TenantCipher& cipher, const HoldingKey& key, ByteView sealed) {
  NAKADACHI_TRY(const Bytes plain, crypto::open_holding(cipher, kWish, key, sealed));
  Reader reader(plain);
  const std::uint64_t code = reader.number<8>();
  const ByteView statement = reader.take(reader.left());
  if (reader.failed()) return malformed(kWish);
  NAKADACHI_TRY(const InstitutionCode institution, InstitutionCode::from_number(code));
  return StoredWish{institution, Bytes(statement.begin(), statement.end())};
}

Result<HoldingKey> person_key(crypto::TenantCipher& cipher, const AddressNumber& person) {
  return key_of_person(cipher, InstitutionCode(), kPerson, person);
}

Result<Bytes> seal_person(crypto::TenantCipher& cipher, const HoldingKey& key,
                          const symbols::PersonRecord& person, Random& random) {
  return crypto::seal_holding(cipher, kPerson, key, symbols::encode(person), random);
}

Result<symbols::PersonRecord> open_person(crypto::TenantCipher& cipher, const HoldingKey& key,
                                          ByteView sealed) {
  NAKADACHI_TRY(const Bytes plain, crypto::open_holding(cipher, kPerson, key, sealed));
  return symbols::decode_person(plain);
}

}  // namespace nakadachi::tenant_vm
