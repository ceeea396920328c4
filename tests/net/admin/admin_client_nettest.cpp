#include "nakadachi/admin/client.hpp"

#include <algorithm>

#include "tests/support/catch.hpp"
#include "tests/support/live_pool.hpp"

using namespace nakadachi;
using testing::LivePool;

namespace {

constexpr std::size_t kMayor = 0;

std::unique_ptr<admin::Client> connect(const LivePool& pool, const socket::CurveKeyPair& keys) {
  return *admin::Client::connect({.endpoint = pool.admin_endpoint(),
                                  .server_key = pool.oltp_keys.public_key(),
                                  .keys = keys,
                                  .ask_again_after_ms = 300,
                                  .give_up_after_ms = 4'000});
}

wire::AdminRequest request(const LivePool& pool, wire::AdminCommand command) {
  return {.key = {},
          .institution = pool.universe.institution(kMayor),
          .who = "窓口",
          .why = "届出",
          .command = std::move(command)};
}

}  // namespace

TEST_CASE("many changes through the admin door are all done, over a restart of the node too",
          "[live]") {
  LivePool pool;
  const auto client = connect(pool, pool.system_keys[kMayor]);
  const auto kind = *InformationKind::parse("TM00000000000002");
  const copies::CopyContent content{
      .layout_version = 1, .dataset = 5, .validity = {}, .items = {{1, "x"}}};
  std::vector<wire::AdminRequest> requests;
  for (std::uint64_t i = 0; i < 700; ++i) {
    requests.push_back(request(pool, wire::PutCopy{*AddressNumber::from_number(9'000'000 + i), kind,
                                                   *copies::encode(content)}));
  }
  std::size_t done = 0;
  client->ask_all(std::move(requests), [&](std::size_t, const Result<wire::AdminAnswer>& answer) {
    CHECK(answer.ok());
    if (++done == 100) {
      pool.stop_node();
      pool.start_node();
    }
  });
  CHECK(done == 700);
  const auto counts = admin::as<wire::CopyCounts>(client->ask(request(pool, wire::CountCopies{})));
  REQUIRE(counts.ok());
  const auto loaded = std::find_if(counts->counts.begin(), counts->counts.end(),
                                   [](const auto& count) { return count.dataset == 5; });
  REQUIRE(loaded != counts->counts.end());
  CHECK(loaded->copies == 700);
}

TEST_CASE("a key that is not in the staff list gets no answer", "[live]") {
  LivePool pool;
  const auto stranger = connect(pool, socket::CurveKeyPair::make());
  CHECK(stranger->ask(request(pool, wire::CountCopies{})).error().code == ErrorCode::kTimedOut);
}
