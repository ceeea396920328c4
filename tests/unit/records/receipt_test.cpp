#include "nakadachi/records/receipt.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/unit/records/records_helpers.hpp"

namespace nakadachi::records::test {
namespace {

using crypto::test::filled_secret;
using crypto::test::institution;

constexpr std::int64_t kSignedAt = 1'780'000'000'000;
constexpr std::int64_t kDayMs = 24 * 3600 * 1000;

/// A receipt whose every part can be forged.
struct Parts : Witness {
  LogEntry entry;
  Bytes statement;
  Salt salt;
  std::vector<Digest> log_path;

  Receipt receipt() const {
    return {.entry = entry,
            .statement = statement,
            .salt = salt,
            .log_path = log_path,
            .witness = std::make_shared<const Witness>(*this)};
  }
};

/// One town with two institutions, another town, one node, one signed train.
class Scene {
 public:
  Scene() {
    registry_.emplace(make_registry());
    node_train();
  }

  /// Receipt of the `i`-th entry of the town in the train.
  Parts receipt(std::size_t i) const {
    Parts parts;
    parts.entry = entries_.at(i);
    parts.statement = crypto::test::to_bytes(as_bytes(statement_of(i)));
    parts.salt = filled<Salt>(static_cast<std::uint8_t>(i));
    parts.log_path = growth_->path(entries_.at(i).number).nodes;
    parts.head = head_;
    parts.head_path = tree_->path(5);
    parts.train = train_;
    parts.delegation = delegation(mayor, kTownInstitution, node);
    return parts;
  }

  static crypto::Delegation delegation(const crypto::Signer& signer, std::uint64_t code,
                                       const crypto::Signer& to) {
    return make_delegation(institution(code), to.public_key(), Timestamp{kSignedAt - 1000},
                           Timestamp{kSignedAt - 1000 + kDayMs}, signer);
  }

  const crypto::Registry& registry() const { return *registry_; }
  const LogHead& head() const { return head_; }
  const crypto::MerkleTree& tree() const { return *tree_; }

  static constexpr std::uint64_t kTownInstitution = 1013201200000001;
  static constexpr std::uint64_t kOtherInstitution = 1013101600000001;
  const crypto::Ed25519Signer mayor{filled_secret(1)};
  const crypto::Ed25519Signer other_mayor{filled_secret(2)};
  const crypto::Ed25519Signer node{filled_secret(3)};
  const crypto::Ed25519Signer other_node{filled_secret(4)};

 private:
  static std::string_view statement_of(std::size_t i) {
    constexpr std::string_view kStatements[] = {"asked", "provided", "record of a change"};
    return kStatements[i];
  }

  crypto::Registry make_registry() const {
    const crypto::Ed25519Signer registrar(filled_secret(9));
    const crypto::Ed25519Verifier ed25519;
    const Bytes bytes = crypto::Registry::make({{.code = institution(kTownInstitution),
                                                 .tenant = kTown,
                                                 .name = "町",
                                                 .signing_key = mayor.public_key()},
                                                {.code = institution(kOtherInstitution),
                                                 .tenant = kOtherTown,
                                                 .name = "隣町",
                                                 .signing_key = other_mayor.public_key()}},
                                               1, Timestamp{0}, registrar);
    return crypto::Registry::open(bytes, {.registry_key = registrar.public_key()}, ed25519).value();
  }

  void node_train() {
    Frontier before;
    for (const Digest& hash : some_hashes(21)) before.append(hash);
    std::vector<Digest> hashes;
    for (std::size_t i = 0; i < 3; ++i) {
      LogEntry entry = i < 2 ? some_step(21 + i) : some_change(21 + i);
      if (i < 2) entry.part = static_cast<std::uint8_t>(i + 1);
      entry.leaf = crypto::leaf_hash(filled<Salt>(static_cast<std::uint8_t>(i)), leaf_kind(entry),
                                     as_bytes(statement_of(i)));
      hashes.push_back(entry_hash(entry));
      entries_.push_back(entry);
    }
    growth_.emplace(before, hashes);
    head_ = head_of(kTown, growth_->after());
    // Behind the leaves of four rows the heads of two towns.
    std::vector<Digest> leaves = some_hashes(4);
    leaves.push_back(head_leaf({.tenant = kOtherTown, .size = 1, .root = filled<Digest>(1)}));
    leaves.push_back(head_leaf(head_));
    tree_.emplace(leaves);
    train_.lane.value = 3;
    train_.epoch.value = 1;
    train_.number.value = 99;
    train_.size = tree_->size();
    train_.root = tree_->root();
    train_.signed_at.ms = kSignedAt;
    sign_batch(train_, node);
  }

  std::optional<crypto::Registry> registry_;
  std::vector<LogEntry> entries_;
  std::optional<Growth> growth_;
  LogHead head_;
  std::optional<crypto::MerkleTree> tree_;
  crypto::BatchHeader train_;
};

ErrorCode verdict(const Scene& scene, const Parts& parts) {
  const crypto::Ed25519Verifier ed25519;
  crypto::DelegationVerifier delegations(scene.registry(), ed25519);
  crypto::BatchVerifier batches(ed25519);
  return code_of(check(parts.receipt(), scene.registry(), delegations, batches));
}

TEST_CASE("receipts of a train's steps and changes hold, for one signature each of two keys") {
  const Scene scene;
  const crypto::test::CountingVerifier counting;
  crypto::DelegationVerifier delegations(scene.registry(), counting);
  crypto::BatchVerifier batches(counting);
  for (int round = 0; round < 3; ++round) {
    for (const std::size_t i : {0U, 1U, 2U}) {
      CHECK(check(scene.receipt(i).receipt(), scene.registry(), delegations, batches).ok());
    }
  }
  CHECK(counting.asked == 2);
}

TEST_CASE("a receipt stays good though twenty later delegations were learnt") {
  const Scene scene;
  const crypto::Ed25519Verifier ed25519;
  crypto::DelegationVerifier delegations(scene.registry(), ed25519);
  crypto::BatchVerifier batches(ed25519);
  for (std::int64_t day = 1; day <= 20; ++day) {
    REQUIRE(delegations
                .learn(make_delegation(institution(Scene::kTownInstitution),
                                       scene.node.public_key(), Timestamp{kSignedAt + day * kDayMs},
                                       Timestamp{kSignedAt + (day + 1) * kDayMs}, scene.mayor))
                .ok());
  }
  CHECK(check(scene.receipt(0).receipt(), scene.registry(), delegations, batches).ok());
  CHECK(check(scene.receipt(1).receipt(), scene.registry(), delegations, batches).ok());
}

TEST_CASE("what is forged in a receipt is told apart") {
  const Scene scene;
  struct Forgery {
    std::string name;
    std::function<void(Parts&)> forge;
    ErrorCode code;
  };
  using enum ErrorCode;
  const auto signed_anew = [&](Parts& r) { sign_batch(r.train, scene.node); };
  const Forgery forgeries[] = {
      {"statement", [](Parts& r) { r.statement[0] ^= 1; }, kStatementDiffers},
      {"no statement", [](Parts& r) { r.statement.clear(); }, kStatementDiffers},
      {"salt", [](Parts& r) { r.salt.writable()[0] ^= 1; }, kStatementDiffers},
      {"leaf", [](Parts& r) { r.entry.leaf.writable()[0] ^= 1; }, kStatementDiffers},
      {"step", [](Parts& r) { r.entry.part = 3; }, kStatementDiffers},
      {"sort", [](Parts& r) { r.entry.sort = EntrySort{9}; }, kUnknownEnumValue},
      {"key of a step", [](Parts& r) { r.entry.key.writable()[0] = 1; }, kWrongFormat},
      {"tenant of the entry", [](Parts& r) { r.entry.tenant = kOtherTown; }, kAnotherTenant},
      {"tenant of the head", [](Parts& r) { r.head.tenant = kOtherTown; }, kAnotherTenant},
      {"number", [](Parts& r) { ++r.entry.number; }, kNotInLog},
      {"id", [](Parts& r) { r.entry.id.writable()[0] ^= 1; }, kNotInLog},
      {"outcome", [](Parts& r) { r.entry.outcome = 4; }, kNotInLog},
      {"cause", [](Parts& r) { r.entry.units.cause = Cause::kOwnQuery; }, kNotInLog},
      {"persons", [](Parts& r) { r.entry.units.persons = 0; }, kNotInLog},
      {"bytes", [](Parts& r) { --r.entry.units.bytes_out; }, kNotInLog},
      {"log path", [](Parts& r) { r.log_path[0].writable()[0] ^= 1; }, kNotInLog},
      {"shorter log path", [](Parts& r) { r.log_path.pop_back(); }, kNotInLog},
      {"longer log path", [](Parts& r) { r.log_path.emplace_back(); }, kNotInLog},
      {"endless log path", [](Parts& r) { r.log_path.resize(1000); }, kNotInLog},
      {"root of the log", [](Parts& r) { r.head.root.writable()[0] ^= 1; }, kNotInLog},
      {"empty log", [](Parts& r) { r.head.size = 0; }, kNotInLog},
      {"a log of one's own",
       [](Parts& r) {
         r.head.size = 1;
         r.head.root = entry_hash(r.entry);
         r.log_path.clear();
         r.entry.number = 0;
         r.head.root = entry_hash(r.entry);
       },
       kHeadNotInTrain},
      {"head path", [](Parts& r) { r.head_path.nodes[0].writable()[0] ^= 1; }, kHeadNotInTrain},
      {"head's place", [](Parts& r) { r.head_path.index = 4; }, kHeadNotInTrain},
      {"a row's leaf", [&](Parts& r) { r.head_path = scene.tree().path(3); }, kHeadNotInTrain},
      {"root of the train", [](Parts& r) { r.train.root.writable()[0] ^= 1; }, kHeadNotInTrain},
      {"resend", [&](Parts& r) { r.train.purpose = crypto::BatchPurpose::kResend, signed_anew(r); },
       kNotATrain},
      {"notices",
       [&](Parts& r) { r.train.purpose = crypto::BatchPurpose::kNotices, signed_anew(r); },
       kNotATrain},
      {"stranger", [](Parts& r) { r.delegation.institution = institution(1); },
       kUnknownInstitution},
      {"other town's delegation",
       [&](Parts& r) {
         r.delegation = Scene::delegation(scene.other_mayor, Scene::kOtherInstitution, scene.node);
       },
       kAnotherTenant},
      {"delegation signed by another",
       [&](Parts& r) {
         r.delegation = Scene::delegation(scene.other_mayor, Scene::kTownInstitution, scene.node);
       },
       kDelegationInvalid},
      {"delegation to another node",
       [&](Parts& r) {
         r.delegation = Scene::delegation(scene.mayor, Scene::kTownInstitution, scene.other_node);
       },
       kDelegationInvalid},
      {"delegation stretched", [](Parts& r) { r.delegation.until.ms += 1; }, kDelegationInvalid},
      {"signed before the delegation",
       [&](Parts& r) { r.train.signed_at.ms -= 1001, signed_anew(r); }, kDelegationInvalid},
      {"signed when it was over",
       [&](Parts& r) { r.train.signed_at.ms += kDayMs - 1000, signed_anew(r); },
       kDelegationInvalid},
      {"signed by a node without delegation",
       [&](Parts& r) { sign_batch(r.train, scene.other_node); }, kDelegationInvalid},
      {"train's number", [](Parts& r) { ++r.train.number.value; }, kSignatureInvalid},
      {"train's lane", [](Parts& r) { ++r.train.lane.value; }, kSignatureInvalid},
      {"train's time", [](Parts& r) { ++r.train.signed_at.ms; }, kSignatureInvalid},
      {"signature", [](Parts& r) { r.train.signature.writable()[0] ^= 1; }, kSignatureInvalid},
      {"another's signature",
       [&](Parts& r) {
         sign_batch(r.train, scene.other_node);
         r.train.signer = scene.node.public_key();
       },
       kSignatureInvalid}};
  for (const Forgery& each : forgeries) {
    INFO(each.name);
    Parts forged = scene.receipt(1);
    each.forge(forged);
    CHECK(verdict(scene, forged) == each.code);
  }
  CHECK(verdict(scene, scene.receipt(1)) == ErrorCode{});
}

TEST_CASE("the steps by hand in docs/records.md lead where they say") {
  const auto digest = [](std::string_view text) { return crypto::test::fixed<Digest>(text); };
  LogEntry entry{.tenant = kTown,
                 .number = 1,
                 .id = filled<ExchangeId>(0x11),
                 .part = 3,
                 .outcome = 1,
                 .units = {.cause = Cause::kOwnQuery, .messages_in = 1, .bytes_in = 900}};
  entry.leaf = crypto::leaf_hash(filled<Salt>(0xb0), 3, as_bytes("concluded"));
  CHECK(entry.leaf == digest("de7318aee28e733e67cdb218cbc33022aff7c4faf576bb344d8de07eb230f90d"));
  CHECK(entry_hash(entry) ==
        digest("8e9542db75ab14106fdcc8f0b52047fb6aeb4acf9ac2219aba2064adea35aeb4"));
  const LogHead head{
      .tenant = kTown,
      .size = 2,
      .root = digest("e62cd84087eb1d580667900617b15518b6d4fdf75975f94a2ec41fd3723dc045")};
  const LogPath path{
      .number = 1,
      .nodes = {digest("8e6bdc4ef14367ce8306fbb65c833ce757b071aaf3ccd849648f42b54e7a2470")}};
  CHECK(verify_inclusion(entry_hash(entry), path, head.size, head.root));
  CHECK(head_leaf(head) ==
        digest("fa798ef0953b43a731f8909393b930c5a6d697d1759f8be49c2984596670f771"));
  const crypto::InclusionPath in_train{
      .index = 2,
      .nodes = {digest("9579f450ca0ad8c733a496ddafa09358106fa4a52732e6bc5a42195be62f9d82")}};
  CHECK(crypto::verify_inclusion(
      head_leaf(head), in_train, 3,
      digest("6ffb4d035c2febc398d61f863567e7580982159fe4e70043c992f7bd70a32e1a")));
}

TEST_CASE("a delegation holds from its first to before its last millisecond") {
  const Scene scene;
  for (const std::int64_t at : {kSignedAt - 1000, kSignedAt - 1000 + kDayMs - 1}) {
    Parts receipt = scene.receipt(0);
    receipt.train.signed_at.ms = at;
    sign_batch(receipt.train, scene.node);
    CHECK(verdict(scene, receipt) == ErrorCode{});
  }
}

}  // namespace
}  // namespace nakadachi::records::test
