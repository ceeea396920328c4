#include "nakadachi/gateway/gateway_core.hpp"

#include <optional>

#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"

using namespace nakadachi;
using exchange::StatementKind;

namespace {

/// Real items of an exchange, by kind.
std::map<StatementKind, wire::LinkItem> items_of_an_exchange() {
  nakadachi::testing::QuietPool pool;
  std::map<StatementKind, wire::LinkItem> items;
  pool.on_item = [&](wire::LinkItem& item) {
    items.emplace(item.kind, item);
    return true;
  };
  pool.ask(pool.query_for(exchange::Outcome::kAnswered));
  return items;
}

Bytes frame_of(const std::vector<wire::LinkItem>& items) {
  return wire::encode_link_frames(items).front();
}

}  // namespace

TEST_CASE("items go up as they came and down to who holds the institution", "[gateway]") {
  const auto items = items_of_an_exchange();
  const wire::LinkItem& permit = items.at(StatementKind::kPermit);
  gateway::GatewayCore core;
  CHECK(core.on(gateway::FrameFromNode{{7}, wire::encode_hello({{permit.to}})}).empty());

  const Bytes up = frame_of({items.at(StatementKind::kInquiry)});
  const auto passed_up = core.on(gateway::FrameFromNode{{7}, up});
  REQUIRE(passed_up.size() == 1);
  CHECK(std::get<gateway::SendToNational>(passed_up[0]).frame == up);

  const Bytes down = frame_of({permit});
  const auto passed_down = core.on(gateway::FrameFromNational{down});
  REQUIRE(passed_down.size() == 1);
  CHECK(std::get<gateway::SendToNode>(passed_down[0]).node == gateway::NodeId{7});
  CHECK(std::get<gateway::SendToNode>(passed_down[0]).frame == down);
}

TEST_CASE("a frame for two nodes is cut, with the proofs of each", "[gateway]") {
  const auto items = items_of_an_exchange();
  const wire::LinkItem& permit = items.at(StatementKind::kPermit);
  const wire::LinkItem& provision = items.at(StatementKind::kProvision);
  gateway::GatewayCore core;
  core.on(gateway::FrameFromNode{{1}, wire::encode_hello({{permit.to}})});
  core.on(gateway::FrameFromNode{{2}, wire::encode_hello({{provision.to}})});
  const auto actions = core.on(gateway::FrameFromNational{frame_of({permit, provision})});
  REQUIRE(actions.size() == 2);
  for (const auto& action : actions) {
    const auto& sent = std::get<gateway::SendToNode>(action);
    const auto frame = wire::decode_link_frame(sent.frame);
    REQUIRE(frame->items.size() == 1);
    CHECK(frame->items[0].kind ==
          (sent.node.value == 1 ? StatementKind::kPermit : StatementKind::kProvision));
    CHECK(frame->items[0].batch != nullptr);
  }
}

TEST_CASE("nothing passes in the wrong direction", "[gateway]") {
  const auto items = items_of_an_exchange();
  gateway::GatewayCore core;
  core.on(gateway::FrameFromNode{{1},
                                 wire::encode_hello({{items.at(StatementKind::kPermit).to,
                                                      items.at(StatementKind::kInquiry).to}})});
  CHECK(core.on(gateway::FrameFromNode{{1}, frame_of({items.at(StatementKind::kPermit)})}).empty());
  CHECK(core.on(gateway::FrameFromNational{frame_of({items.at(StatementKind::kInquiry)})}).empty());
  CHECK(core.counts().errors.at(ErrorCode::kUnknownEnumValue) == 2);
}

TEST_CASE("what has no route, or cannot be read, is dropped and counted", "[gateway]") {
  const auto items = items_of_an_exchange();
  const Bytes down = frame_of({items.at(StatementKind::kPermit)});
  gateway::GatewayCore core;
  CHECK(core.on(gateway::FrameFromNational{down}).empty());
  CHECK(core.counts().errors.at(ErrorCode::kUnknownInstitution) == 1);
  core.on(gateway::FrameFromNode{{1}, wire::encode_hello({{items.at(StatementKind::kPermit).to}})});
  core.on(gateway::NodeGone{{1}});
  CHECK(core.on(gateway::FrameFromNational{down}).empty());
  CHECK(core.counts().errors.at(ErrorCode::kUnknownInstitution) == 2);
  CHECK(core.on(gateway::FrameFromNode{{1}, Bytes(40, 0xFF)}).empty());
  CHECK(core.on(gateway::FrameFromNational{Bytes(40, 0xFF)}).empty());
  CHECK(core.counts().errors.at(ErrorCode::kMalformedFrame) == 2);
}
