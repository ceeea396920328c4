#include "nakadachi/records/log_tree.hpp"

#include <array>
#include <limits>
#include <string_view>

#include "nakadachi/base/random.hpp"
#include "tests/unit/records/records_helpers.hpp"

namespace nakadachi::records::test {
namespace {

constexpr std::array<std::string_view, 8> kCtContents = {"",
                                                         "00",
                                                         "10",
                                                         "2021",
                                                         "3031",
                                                         "40414243",
                                                         "5051525354555657",
                                                         "606162636465666768696a6b6c6d6e6f"};
constexpr std::array<std::string_view, 9> kCtRoots = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Digest> ct_hashes() {
  std::vector<Digest> hashes;
  hashes.reserve(kCtContents.size());
  for (const std::string_view content : kCtContents) {
    hashes.push_back(crypto::sha256({hex("00"), hex(content)}));
  }
  return hashes;
}

Digest ct_root(std::size_t size) { return crypto::test::fixed<Digest>(kCtRoots.at(size)); }

Frontier frontier_of(Hashes hashes) {
  Frontier frontier;
  for (const Digest& hash : hashes) frontier.append(hash);
  return frontier;
}

Hashes first(const std::vector<Digest>& all, std::size_t size) { return Hashes(all).first(size); }

/// Grows a log of `before` entries by the others of `hashes` and looks at every path.
void check_growth(Hashes hashes, std::size_t before) {
  const Frontier older = frontier_of(hashes.first(before));
  const Hashes added = hashes.subspan(before);
  const Growth growth(older, {added.begin(), added.end()});
  const Frontier whole = frontier_of(hashes);
  REQUIRE(growth.after() == whole);
  const Digest root = whole.root();
  for (std::size_t number = before; number < hashes.size(); ++number) {
    const LogPath path = growth.path(number);
    REQUIRE(path.number == number);
    REQUIRE(verify_inclusion(hashes[number], path, hashes.size(), root));
  }
}

TEST_CASE("roots of growing logs are those of the Certificate Transparency test leaves") {
  const std::vector<Digest> hashes = ct_hashes();
  Frontier frontier;
  CHECK(frontier.root() == ct_root(0));
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    frontier.append(hashes[i]);
    CHECK(frontier.size() == i + 1);
    CHECK(frontier.root() == ct_root(i + 1));
  }
}

TEST_CASE("consistency proofs are those of the Certificate Transparency test leaves") {
  struct Case {
    std::uint64_t older;
    std::uint64_t newer;
    std::vector<std::string_view> proof;
  };
  const Case cases[] = {{1, 1, {}},
                        {1,
                         8,
                         {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
                        {6,
                         8,
                         {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
                        {2,
                         5,
                         {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}}};
  const std::vector<Digest> hashes = ct_hashes();
  for (const Case& each : cases) {
    const auto proof = consistency_proof(first(hashes, each.newer), each.older);
    REQUIRE(proof.size() == each.proof.size());
    for (std::size_t i = 0; i < proof.size(); ++i) {
      CHECK(to_hex(proof[i].view()) == each.proof[i]);
    }
    CHECK(verify_consistency(each.older, ct_root(each.older), each.newer, ct_root(each.newer),
                             proof));
  }
}

TEST_CASE("for every size to 130 root, frontier and every path are RFC 9162's") {
  const std::vector<Digest> all = some_hashes(130);
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const Hashes hashes = first(all, size);
    const Frontier frontier = frontier_of(hashes);
    REQUIRE(frontier.root() == root_by_definition(hashes));
    REQUIRE(frontier.nodes().size() == static_cast<std::size_t>(std::popcount(size)));
    if (size == 0) continue;
    const Growth growth(Frontier(), {hashes.begin(), hashes.end()});
    REQUIRE(growth.after() == frontier);
    for (std::size_t number = 0; number < size; ++number) {
      REQUIRE(growth.path(number).nodes == path_by_definition(number, hashes));
    }
  }
}

TEST_CASE("from every size to every size to 130 a log grows as if it were made at once") {
  const std::vector<Digest> all = some_hashes(130);
  for (std::size_t size = 1; size <= all.size(); ++size) {
    for (std::size_t before = 0; before < size; ++before) check_growth(first(all, size), before);
  }
}

TEST_CASE("random larger logs grow as if they were made at once, and continue each other") {
  SeededRandom random(20260614);
  const std::vector<Digest> all = some_hashes(6000);
  for (int round = 0; round < 40; ++round) {
    const std::size_t size = 2 + static_cast<std::size_t>(random.below(all.size() - 2));
    const auto before = static_cast<std::size_t>(random.below(size));
    const std::size_t from = size - before > 300 ? size - 300 : before;
    check_growth(first(all, size), from);
    const Hashes hashes = first(all, size);
    REQUIRE(verify_consistency(before, frontier_of(hashes.first(before)).root(), size,
                               frontier_of(hashes).root(), consistency_proof(hashes, before)));
  }
}

TEST_CASE("a path leads from one entry, place and size to one root only") {
  const std::vector<Digest> all = some_hashes(33);
  const Growth growth(Frontier(), all);
  const Digest root = growth.after().root();
  for (std::uint64_t number = 0; number < all.size(); ++number) {
    const LogPath path = growth.path(number);
    const Digest& hash = all[static_cast<std::size_t>(number)];
    for (std::uint64_t other = 0; other <= all.size(); ++other) {
      LogPath moved = path;
      moved.number = other;
      REQUIRE(verify_inclusion(hash, moved, all.size(), root) == (other == number));
    }
    REQUIRE(!verify_inclusion(filled<Digest>(1), path, all.size(), root));
    REQUIRE(!verify_inclusion(hash, path, all.size(), filled<Digest>(1)));
    for (std::size_t place = 0; place < path.nodes.size(); ++place) {
      LogPath changed = path;
      changed.nodes[place].writable()[7] ^= 1;
      REQUIRE(!verify_inclusion(hash, changed, all.size(), root));
      changed = path;
      changed.nodes.erase(changed.nodes.begin() + static_cast<std::ptrdiff_t>(place));
      REQUIRE(!verify_inclusion(hash, changed, all.size(), root));
    }
    LogPath longer = path;
    longer.nodes.push_back(root);
    REQUIRE(!verify_inclusion(hash, longer, all.size(), root));
  }
  CHECK(!verify_inclusion(all[0], {.number = 0, .nodes = {}}, 0, all[0]));
  const LogPath too_long{.number = 0, .nodes = std::vector<Digest>(65)};
  CHECK(!verify_inclusion(all[0], too_long, std::numeric_limits<std::uint64_t>::max(), root));
}

TEST_CASE("consistency proofs of all sizes to 130 are RFC 9162's and verify") {
  const std::vector<Digest> all = some_hashes(130);
  for (std::size_t newer = 0; newer <= all.size(); ++newer) {
    const Hashes hashes = first(all, newer);
    const Digest newer_root = root_by_definition(hashes);
    for (std::size_t older = 0; older <= newer; ++older) {
      const Digest older_root = root_by_definition(hashes.first(older));
      const auto proof = consistency_proof(hashes, older);
      if (older > 0) REQUIRE(proof == subproof_by_definition(older, hashes, true));
      REQUIRE(verify_consistency(older, older_root, newer, newer_root, proof));
    }
  }
}

TEST_CASE("a log that was changed does not continue the earlier one") {
  const std::vector<Digest> all = some_hashes(40);
  for (std::size_t older = 1; older < all.size(); ++older) {
    const Digest older_root = root_by_definition(first(all, older));
    const Digest newer_root = root_by_definition(all);
    const auto proof = consistency_proof(all, older);
    std::vector<Digest> forged = all;
    forged[older - 1].writable()[0] ^= 1;
    const auto forged_proof = consistency_proof(forged, older);
    const Digest forged_root = root_by_definition(forged);
    REQUIRE(!verify_consistency(older, older_root, 40, forged_root, forged_proof));
    REQUIRE(!verify_consistency(older, older_root, 40, forged_root, proof));
    REQUIRE(!verify_consistency(older, filled<Digest>(1), 40, newer_root, proof));
    REQUIRE(!verify_consistency(older, older_root, 40, older_root, proof));
    for (std::size_t place = 0; place < proof.size(); ++place) {
      auto changed = proof;
      changed[place].writable()[31] ^= 0x80;
      REQUIRE(!verify_consistency(older, older_root, 40, newer_root, changed));
    }
    auto other = proof;
    other.push_back(newer_root);
    REQUIRE(!verify_consistency(older, older_root, 40, newer_root, other));
    other = proof;
    other.pop_back();
    REQUIRE(!verify_consistency(older, older_root, 40, newer_root, other));
  }
}

TEST_CASE("sizes that cannot continue each other are refused") {
  const std::vector<Digest> all = some_hashes(4);
  const Digest root = root_by_definition(all);
  const Digest empty = Frontier().root();
  CHECK(!verify_consistency(4, root, 3, root_by_definition(first(all, 3)), {}));
  CHECK(!verify_consistency(4, root, 4, filled<Digest>(1), {}));
  CHECK(!verify_consistency(4, root, 4, root, all));
  CHECK(!verify_consistency(3, root_by_definition(first(all, 3)), 4, root, {}));
  CHECK(!verify_consistency(2, root_by_definition(first(all, 2)), 4, root, {}));
  CHECK(verify_consistency(0, empty, 4, root, {}));
  CHECK(!verify_consistency(0, empty, 4, root, all));
  CHECK(!verify_consistency(0, root, 4, root, {}));
  CHECK(!verify_consistency(0, root, 0, root, {}));
  CHECK(verify_consistency(0, empty, 0, empty, {}));
  const std::vector<Digest> endless(66);
  CHECK(!verify_consistency(1, root, std::numeric_limits<std::uint64_t>::max(), root, endless));
}

TEST_CASE("a frontier is restored from its size and nodes, and from no other number of nodes") {
  const std::vector<Digest> all = some_hashes(100);
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const Frontier frontier = frontier_of(first(all, size));
    const auto restored = Frontier::restore(frontier.size(), frontier.nodes());
    REQUIRE(restored.ok());
    REQUIRE(*restored == frontier);
    auto nodes = frontier.nodes();
    nodes.emplace_back();
    const auto more = Frontier::restore(size, nodes);
    REQUIRE(code_of(more) == ErrorCode::kWrongLength);
    REQUIRE(more.error().field == "frontier");
    if (size == 0) continue;
    nodes.resize(nodes.size() - 2);
    REQUIRE(code_of(Frontier::restore(size, nodes)) == ErrorCode::kWrongLength);
  }
}

TEST_CASE("the largest logs grow and are proved") {
  constexpr std::uint64_t kFull = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t before :
       {kFull - 3, (std::uint64_t{1} << 63) - 2, std::uint64_t{1} << 63, std::uint64_t{1} << 40}) {
    const std::vector<Digest> nodes = some_hashes(static_cast<std::size_t>(std::popcount(before)));
    const auto older = Frontier::restore(before, nodes);
    REQUIRE(older.ok());
    const std::vector<Digest> added = some_hashes(3);
    const Growth growth(*older, added);
    Frontier one_by_one = *older;
    for (const Digest& hash : added) one_by_one.append(hash);
    CHECK(growth.after() == one_by_one);
    CHECK(growth.after().size() == before + 3);
    for (std::uint64_t i = 0; i < 3; ++i) {
      const LogPath path = growth.path(before + i);
      CHECK(path.nodes.size() <= kMaxLogPathNodes);
      CHECK(verify_inclusion(added[static_cast<std::size_t>(i)], path, before + 3,
                             growth.after().root()));
    }
  }
}

}  // namespace
}  // namespace nakadachi::records::test
