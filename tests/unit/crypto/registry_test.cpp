#include "nakadachi/crypto/registry.hpp"

#include <algorithm>

#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

constexpr std::string_view kText = "nakadachi registry v1";
constexpr Timestamp kMadeAt{1'700'000'000'000};

const Ed25519Signer& registry_signer() {
  static const Ed25519Signer signer(filled_secret(1));
  return signer;
}

TrustRoots roots() {
  return {.core_key = {}, .registry_key = registry_signer().public_key(), .simulated = true};
}

RegistryEntry entry(std::uint64_t code, std::string name = "town") {
  return {.code = institution(code),
          .tenant = TenantId{131041},
          .institution_class = 5,
          .name = std::move(name),
          .signing_key = filled<PublicKey>(0xaa),
          .sealing_key = filled<SealingPublicKey>(0xbb)};
}

std::vector<RegistryEntry> two_entries() {
  RegistryEntry first = entry(1, "新宿区");
  RegistryEntry second = entry(2, "");
  second.tenant.value = 131059;
  second.institution_class = 6;
  second.signing_key = filled<PublicKey>(0xcc);
  second.sealing_key = filled<SealingPublicKey>(0xdd);
  return {second, first};
}

Bytes made() { return Registry::make(two_entries(), 7, kMadeAt, registry_signer()); }

/// Head and entries with the counts and sizes given, rightly signed.
struct Draft {
  std::string text{kText};
  std::uint64_t count = 1;
  Bytes entries;
  Bytes tail;

  Bytes sign() const {
    Bytes bytes = to_bytes(as_bytes(text));
    append_big_endian<8>(bytes, 7);
    append_big_endian<8>(bytes, static_cast<std::uint64_t>(kMadeAt.ms));
    append(bytes, registry_signer().public_key().view());
    append_big_endian<4>(bytes, count);
    append(bytes, entries);
    append(bytes, tail);
    append(bytes, registry_signer().sign(bytes).view());
    return bytes;
  }
  void add(std::uint64_t code, std::uint64_t name_size, std::size_t name_bytes) {
    append_big_endian<8>(entries, code);
    append_big_endian<4>(entries, 131041);
    append_big_endian<2>(entries, 5);
    append_big_endian<2>(entries, name_size);
    append(entries, Bytes(name_bytes, 'n'));
    append(entries, Bytes(64, 1));
  }
};

bool is_refused(ByteView bytes, std::uint64_t least_serial = 0) {
  const auto opened = Registry::open(bytes, roots(), Ed25519Verifier(), least_serial);
  return !opened.ok() && opened.error().code == ErrorCode::kRegistryInvalid;
}

std::string why_refused(ByteView bytes) {
  const auto opened = Registry::open(bytes, roots(), Ed25519Verifier());
  return opened.ok() ? "" : opened.error().detail;
}

TEST_CASE("a registry's bytes are those of another implementation") {
  CHECK(to_hex(made()) ==
        "6e616b61646163686920726567697374727920763100000000000000070000018bcfe568008a88e3dd7409f1"
        "95fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c0000000200000000000000010001ffe1000500"
        "09e696b0e5aebfe58cbaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbb"
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb00000000000000020001fff30006"
        "0000ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccdddddddddddddddddddd"
        "dddddddddddddddddddddddddddddddddddddddddddde7755b134fc4afb725ffe4fb8dce8b45f8f02c5f49c9"
        "0e76f2d2698d9e4de86384f1a85b4c54d6f6cdd09bfcca31de4f9b9d4faf2ce7a2299acfebf3e9f04004");
}

TEST_CASE("a registry opens with everything it was made of, in order of code") {
  const auto opened = Registry::open(made(), roots(), Ed25519Verifier(), 7);
  REQUIRE(opened.ok());
  auto expected = two_entries();
  std::reverse(expected.begin(), expected.end());
  CHECK(opened->entries() == expected);
  CHECK(opened->serial() == 7);
  REQUIRE(opened->find(institution(2)) != nullptr);
  CHECK(*opened->find(institution(2)) == expected[1]);
  CHECK(opened->find(institution(0)) == nullptr);
  CHECK(opened->find(institution(3)) == nullptr);
  CHECK(opened->find(institution(9'999'999'999'999'999)) == nullptr);
}

TEST_CASE("an empty registry and one of the greatest size and names open") {
  const Bytes empty = Registry::make({}, 1, kMadeAt, registry_signer());
  REQUIRE(Registry::open(empty, roots(), Ed25519Verifier()).ok());
  std::vector<RegistryEntry> entries;
  entries.reserve(Registry::kMaxEntries);
  for (std::uint64_t code = 0; code < Registry::kMaxEntries; ++code) {
    entries.push_back(entry(code, std::string(Registry::kMaxNameBytes, 'n')));
  }
  const Bytes full = Registry::make(entries, 1, kMadeAt, registry_signer());
  const auto opened = Registry::open(full, roots(), Ed25519Verifier());
  REQUIRE(opened.ok());
  CHECK(opened->entries() == entries);
}

TEST_CASE("a registry played back, of another signer or of another kind is refused") {
  CHECK_FALSE(is_refused(made(), 7));
  CHECK(is_refused(made(), 8));
  const Ed25519Signer other(filled_secret(9));
  CHECK(is_refused(Registry::make(two_entries(), 7, kMadeAt, other)));
  Draft draft;
  draft.add(1, 4, 4);
  CHECK_FALSE(is_refused(draft.sign()));
  draft.text = "nakadachi registry v2";
  CHECK(is_refused(draft.sign()));
}

TEST_CASE("a registry with any bit changed, cut or lengthened is refused") {
  const Bytes bytes = made();
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes changed = bytes;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    REQUIRE(is_refused(changed));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE(is_refused(ByteView(bytes).first(size)));
  }
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK(is_refused(longer));
}

TEST_CASE("a malformed registry is refused even when rightly signed") {
  Draft good;
  good.add(5, 4, 4);
  REQUIRE(why_refused(good.sign()).empty());

  Draft tail = good;
  tail.tail = {0};
  CHECK(why_refused(tail.sign()) == "bytes after the last entry");
  Draft more = good;
  more.count = 2;
  CHECK(is_refused(more.sign()));
  Draft fewer = good;
  fewer.count = 0;
  CHECK(is_refused(fewer.sign()));
  Draft endless = good;
  endless.count = 0xffffffff;
  CHECK(why_refused(endless.sign()) == "count of entries");
  Draft twice = good;
  twice.count = 2;
  twice.add(5, 4, 4);
  CHECK(why_refused(twice.sign()) == "order of entries");
  Draft backwards = good;
  backwards.count = 2;
  backwards.add(4, 4, 4);
  CHECK(why_refused(backwards.sign()) == "order of entries");
  Draft long_name;
  long_name.add(5, 201, 201);
  CHECK(why_refused(long_name.sign()) == "malformed entry");
  Draft name_over_end;
  name_over_end.add(5, 200, 100);
  CHECK(is_refused(name_over_end.sign()));
  Draft no_code;
  no_code.add(10'000'000'000'000'000, 4, 4);
  CHECK(why_refused(no_code.sign()) == "malformed entry");
}

TEST_CASE("more entries than allowed and huge files are refused before their content is read") {
  Draft draft;
  draft.count = Registry::kMaxEntries + 1;
  for (std::uint64_t code = 0; code < draft.count; ++code) draft.add(code, 0, 0);
  CHECK(why_refused(draft.sign()) == "count of entries");
  Draft huge;
  huge.tail = Bytes(10'000'000);
  const TrustingVerifier trusting;
  CHECK_FALSE(Registry::open(huge.sign(), roots(), trusting).ok());
  CHECK(trusting.asked == 0);
}

TEST_CASE("whatever the parser takes has exactly one form") {
  // Every changed bit and every cut, with the signature out of the way: refused,
  // or else making the registry again gives the same bytes.
  const Bytes bytes = made();
  const TrustingVerifier trusting;
  const auto check = [&](const Bytes& changed) {
    const auto opened = Registry::open(changed, roots(), trusting);
    if (!opened.ok()) return;
    std::int64_t made_at = 0;
    for (std::size_t i = 0; i < 8; ++i) made_at = made_at * 256 + changed[kText.size() + 8 + i];
    const Bytes again =
        Registry::make(opened->entries(), opened->serial(), Timestamp{made_at}, registry_signer());
    REQUIRE(again.size() == changed.size());
    REQUIRE(std::equal(again.begin(), again.end() - Signature::kSize, changed.begin()));
  };
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    if (bit / 8 == kText.size() + 8) continue;  // times beyond 63 bits
    Bytes changed = bytes;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    check(changed);
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    check(to_bytes(ByteView(bytes).first(size)));
  }
}

TEST_CASE("simulated roots are for the demo profile only") {
  TrustRoots simulated = roots();
  CHECK(check_profile(simulated, "demo").ok());
  for (const std::string_view profile : {"production", "", "Demo", "demo "}) {
    const auto checked = check_profile(simulated, profile);
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().code == ErrorCode::kSimulatedTrust);
  }
  simulated.simulated = false;
  CHECK(check_profile(simulated, "production").ok());
  CHECK(check_profile(simulated, "demo").ok());
}

/// A registry of two institutions whose signing keys the tests hold.
struct Town {
  Ed25519Signer first{filled_secret(2)};
  Ed25519Signer second{filled_secret(3)};
  PublicKey node = filled<PublicKey>(0xee);
  Ed25519Verifier verifier;
  Registry registry = [this] {
    RegistryEntry a = entry(1);
    a.signing_key = first.public_key();
    RegistryEntry b = entry(2);
    b.signing_key = second.public_key();
    const Bytes bytes = Registry::make({a, b}, 1, kMadeAt, registry_signer());
    return Registry::open(bytes, roots(), verifier).value();
  }();

  Delegation delegation(std::int64_t from_ms, std::int64_t until_ms) const {
    return make_delegation(institution(1), node, {from_ms}, {until_ms}, first);
  }
};

bool holds(const DelegationVerifier& verifier, const PublicKey& node, std::int64_t at_ms) {
  const auto checked = verifier.check(institution(1), node, Timestamp{at_ms});
  if (!checked.ok()) REQUIRE(checked.error().code == ErrorCode::kDelegationInvalid);
  return checked.ok();
}

TEST_CASE("a delegation's signed bytes and signature are those of another implementation") {
  const Town town;
  const Delegation delegation = town.delegation(1000, 2000);
  CHECK(to_hex(signed_bytes(delegation)) ==
        "6e616b6164616368692064656c65676174696f6e2076310000000000000001eeeeeeeeeeeeeeeeeeeeeeeeee"
        "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee00000000000003e800000000000007d0");
  CHECK(to_hex(delegation.signature.view()) ==
        "4bd7ab28de26d6514995b276e01d5b0c3ddc1c2e214a3be5b1fa6d45a37345fe"
        "34287507ab0006624343c509e24646a3012be154d705bf6497b2352f41409007");
}

TEST_CASE("a delegation holds from its first to before its last millisecond, for its node only") {
  const Town town;
  DelegationVerifier verifier(town.registry, town.verifier);
  CHECK_FALSE(holds(verifier, town.node, 1500));
  REQUIRE(verifier.learn(town.delegation(1000, 2000)).ok());
  CHECK_FALSE(holds(verifier, town.node, 999));
  CHECK(holds(verifier, town.node, 1000));
  CHECK(holds(verifier, town.node, 1999));
  CHECK_FALSE(holds(verifier, town.node, 2000));
  CHECK_FALSE(holds(verifier, filled<PublicKey>(0xef), 1500));
  CHECK_FALSE(verifier.check(institution(2), town.node, Timestamp{1500}).ok());
}

TEST_CASE("a delegation with any field changed is refused") {
  const Town town;
  DelegationVerifier verifier(town.registry, town.verifier);
  const Delegation good = town.delegation(1000, 2000);
  const auto refused = [&](Delegation changed) {
    const auto learnt = verifier.learn(changed);
    return !learnt.ok() && learnt.error().code == ErrorCode::kDelegationInvalid;
  };
  REQUIRE(verifier.learn(good).ok());
  Delegation changed = good;
  changed.institution = institution(2);
  CHECK(refused(changed));
  changed = good;
  changed.node_key.writable()[0] ^= 1;
  CHECK(refused(changed));
  changed = good;
  changed.from.ms -= 1;
  CHECK(refused(changed));
  changed = good;
  changed.until.ms += 1;
  CHECK(refused(changed));
  changed = good;
  changed.signature.writable()[5] ^= 1;
  CHECK(refused(changed));
  // Signed by another institution of the registry, and by the node for itself.
  CHECK(refused(make_delegation(institution(1), town.node, {1000}, {9000}, town.second)));
  CHECK_FALSE(holds(verifier, town.node, 2500));
}

TEST_CASE("an institution outside of the registry delegates nothing") {
  const Town town;
  DelegationVerifier verifier(town.registry, town.verifier);
  const auto learnt =
      verifier.learn(make_delegation(institution(3), town.node, {1000}, {2000}, town.first));
  REQUIRE_FALSE(learnt.ok());
  CHECK(learnt.error().code == ErrorCode::kUnknownInstitution);
}

TEST_CASE("a delegation seen again costs no signature check") {
  const Town town;
  const CountingVerifier counting;
  DelegationVerifier verifier(town.registry, counting);
  for (int i = 0; i < 5; ++i) REQUIRE(verifier.learn(town.delegation(1000, 2000)).ok());
  CHECK(counting.asked == 1);
  Delegation changed = town.delegation(1000, 2000);
  changed.signature.writable()[0] ^= 1;
  CHECK_FALSE(verifier.learn(changed).ok());
  CHECK(counting.asked == 2);
}

TEST_CASE("a renewed delegation, an early one and old ones played back stand side by side") {
  const Town town;
  DelegationVerifier verifier(town.registry, town.verifier);
  REQUIRE(verifier.learn(town.delegation(1000, 2000)).ok());
  REQUIRE(verifier.learn(town.delegation(5000, 6000)).ok());  // shown before its time
  CHECK(holds(verifier, town.node, 1500));
  CHECK_FALSE(holds(verifier, town.node, 3000));
  CHECK(holds(verifier, town.node, 5500));
  REQUIRE(verifier.learn(town.delegation(0, 500)).ok());  // played back
  CHECK(holds(verifier, town.node, 1500));
  CHECK(holds(verifier, town.node, 5500));
}

TEST_CASE("of very many delegations those that end last are kept") {
  const Town town;
  const TrustingVerifier trusting;
  DelegationVerifier verifier(town.registry, trusting);
  const auto kept = static_cast<std::int64_t>(DelegationVerifier::kKeptPerInstitution);
  for (std::int64_t i = 1; i <= 3 * kept; ++i) {
    REQUIRE(verifier.learn(town.delegation(1000 * i, 1000 * i + 1)).ok());
  }
  CHECK_FALSE(holds(verifier, town.node, 1000 * 2 * kept));
  CHECK(holds(verifier, town.node, 1000 * (2 * kept + 1)));
  CHECK(holds(verifier, town.node, 1000 * 3 * kept));
}

}  // namespace
}  // namespace nakadachi::crypto::test
