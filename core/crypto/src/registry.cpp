#include "nakadachi/crypto/registry.hpp"

#include <algorithm>
#include <utility>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/reader.hpp"

namespace nakadachi::crypto {
namespace {

constexpr std::string_view kRegistryText = "nakadachi registry v1";
constexpr std::string_view kDelegationText = "nakadachi delegation v1";

constexpr std::size_t kHeadSize = kRegistryText.size() + 8 + 8 + PublicKey::kSize + 4;
constexpr std::size_t kEntrySizeWithoutName =
    8 + 4 + 2 + 2 + PublicKey::kSize + SealingPublicKey::kSize;
constexpr std::size_t kLeastSize = kHeadSize + Signature::kSize;
constexpr std::size_t kMostSize =
    kLeastSize + Registry::kMaxEntries * (kEntrySizeWithoutName + Registry::kMaxNameBytes);

Error invalid(const char* why) { return {.code = ErrorCode::kRegistryInvalid, .detail = why}; }

void append_entry(Bytes& bytes, const RegistryEntry& entry) {
  append_big_endian<8>(bytes, entry.code.number());
  append_big_endian<4>(bytes, entry.tenant.value);
  append_big_endian<2>(bytes, entry.institution_class);
  append_big_endian<2>(bytes, entry.name.size());
  append(bytes, as_bytes(entry.name));
  append(bytes, entry.signing_key.view());
  append(bytes, entry.sealing_key.view());
}

Result<RegistryEntry> read_entry(Reader& reader) {
  RegistryEntry entry;
  const auto code = InstitutionCode::from_number(reader.number<8>());
  entry.tenant.value = static_cast<std::uint32_t>(reader.number<4>());
  entry.institution_class = static_cast<std::uint16_t>(reader.number<2>());
  const std::size_t name_size = reader.number<2>();
  if (!code.ok() || name_size > Registry::kMaxNameBytes) return invalid("malformed entry");
  entry.code = *code;
  entry.name = as_chars(reader.take(name_size));
  entry.signing_key = reader.fixed<PublicKey>();
  entry.sealing_key = reader.fixed<SealingPublicKey>();
  if (reader.failed()) return invalid("truncated entry");
  return entry;
}

Result<std::vector<RegistryEntry>> read_entries(Reader& reader) {
  const std::uint64_t count = reader.number<4>();
  // Before anything is reserved: no more entries than there are bytes for.
  if (count > Registry::kMaxEntries || count > reader.left() / kEntrySizeWithoutName) {
    return invalid("count of entries");
  }
  std::vector<RegistryEntry> entries;
  entries.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    NAKADACHI_TRY(RegistryEntry entry, read_entry(reader));
    if (!entries.empty() && entries.back().code >= entry.code) return invalid("order of entries");
    entries.push_back(std::move(entry));
  }
  if (!reader.complete()) return invalid("bytes after the last entry");
  return entries;
}

}  // namespace

Result<void> check_profile(const TrustRoots& roots, std::string_view profile) {
  if (roots.simulated && profile != "demo") {
    return Error{.code = ErrorCode::kSimulatedTrust, .field = "profile"};
  }
  return {};
}

Bytes Registry::make(std::vector<RegistryEntry> entries, std::uint64_t serial, Timestamp made_at,
                     const Signer& registry_signer) {
  NAKADACHI_ASSERT(entries.size() <= kMaxEntries);
  std::ranges::sort(entries, {}, &RegistryEntry::code);
  NAKADACHI_ASSERT(std::ranges::adjacent_find(entries, {}, &RegistryEntry::code) == entries.end());

  Bytes bytes;
  append(bytes, as_bytes(kRegistryText));
  append_big_endian<8>(bytes, serial);
  append_big_endian<8>(bytes, static_cast<std::uint64_t>(made_at.ms));
  append(bytes, registry_signer.public_key().view());
  append_big_endian<4>(bytes, entries.size());
  for (const RegistryEntry& entry : entries) {
    NAKADACHI_ASSERT(entry.name.size() <= kMaxNameBytes);
    append_entry(bytes, entry);
  }
  append(bytes, registry_signer.sign(bytes).view());
  return bytes;
}

Result<Registry> Registry::open(ByteView bytes, const TrustRoots& roots, const Verifier& verifier,
                                std::uint64_t least_serial) {
  // The size is bounded before the signature is looked at, the signature before the content.
  if (bytes.size() < kLeastSize || bytes.size() > kMostSize) return invalid("size");
  const ByteView content = bytes.first(bytes.size() - Signature::kSize);
  const Signature signature = Reader(bytes.last(Signature::kSize)).fixed<Signature>();

  Reader reader(content);
  reader.expect(kRegistryText);
  if (reader.failed()) return invalid("not a registry of version 1");
  const std::uint64_t serial = reader.number<8>();
  reader.take(8);  // made_at: for people who compare files
  if (reader.fixed<PublicKey>() != roots.registry_key) return invalid("another signer");
  if (!verifier.verify(roots.registry_key, content, signature)) return invalid("signature");
  if (serial < least_serial) return invalid("older than one seen before");

  Registry registry;
  registry.serial_ = serial;
  NAKADACHI_TRY(registry.entries_, read_entries(reader));
  return registry;
}

const RegistryEntry* Registry::find(const InstitutionCode& code) const noexcept {
  const auto place = std::ranges::lower_bound(entries_, code, {}, &RegistryEntry::code);
  return place != entries_.end() && place->code == code ? &*place : nullptr;
}

Bytes signed_bytes(const Delegation& delegation) {
  Bytes bytes;
  bytes.reserve(kDelegationText.size() + 8 + PublicKey::kSize + 8 + 8);
  append(bytes, as_bytes(kDelegationText));
  append_big_endian<8>(bytes, delegation.institution.number());
  append(bytes, delegation.node_key.view());
  append_big_endian<8>(bytes, static_cast<std::uint64_t>(delegation.from.ms));
  append_big_endian<8>(bytes, static_cast<std::uint64_t>(delegation.until.ms));
  return bytes;
}

Delegation make_delegation(const InstitutionCode& institution, const PublicKey& node_key,
                           Timestamp from, Timestamp until, const Signer& institution_signer) {
  Delegation delegation{.institution = institution,
                        .node_key = node_key,
                        .from = from,
                        .until = until,
                        .signature = {}};
  delegation.signature = institution_signer.sign(signed_bytes(delegation));
  return delegation;
}

Result<void> DelegationVerifier::learn(const Delegation& delegation) {
  const RegistryEntry* entry = registry_->find(delegation.institution);
  if (entry == nullptr) {
    return Error{.code = ErrorCode::kUnknownInstitution, .field = "delegation"};
  }
  const auto known = learnt_.find(delegation.institution);
  if (known != learnt_.end() &&
      std::ranges::find(known->second, delegation) != known->second.end()) {
    return {};
  }
  if (!verifier_->verify(entry->signing_key, signed_bytes(delegation), delegation.signature)) {
    return Error{.code = ErrorCode::kDelegationInvalid, .field = "delegation"};
  }
  std::vector<Delegation>& kept = learnt_[delegation.institution];
  kept.push_back(delegation);
  if (kept.size() > kKeptPerInstitution) {
    kept.erase(std::ranges::min_element(kept, {}, &Delegation::until));
  }
  return {};
}

Result<void> DelegationVerifier::check(const InstitutionCode& institution,
                                       const PublicKey& node_key, Timestamp at) const {
  Error error{.code = ErrorCode::kDelegationInvalid, .field = "delegation"};
  error.detail = "none was shown for this node";
  const auto known = learnt_.find(institution);
  if (known == learnt_.end()) return error;
  for (const Delegation& delegation : known->second) {
    if (delegation.node_key != node_key) continue;
    if (delegation.from <= at && at < delegation.until) return {};
    error.detail = "outside of its time";
  }
  return error;
}

}  // namespace nakadachi::crypto
