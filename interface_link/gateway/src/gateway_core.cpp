#include "nakadachi/gateway/gateway_core.hpp"

#include <algorithm>
#include <utility>

namespace nakadachi::gateway {
namespace {

using exchange::StatementKind;

bool may_leave_a_node(StatementKind kind) noexcept {
  return kind == StatementKind::kInquiry || kind == StatementKind::kProvision ||
         kind == StatementKind::kStatusQuery || kind == StatementKind::kStatusReply ||
         kind == StatementKind::kSymbolReceipt || kind == StatementKind::kAcquisitionRequest;
}

bool may_reach_a_node(StatementKind kind) noexcept {
  return kind == StatementKind::kPermit || kind == StatementKind::kRefusal ||
         kind == StatementKind::kProvision || kind == StatementKind::kStatusQuery ||
         kind == StatementKind::kStatusReply || kind == StatementKind::kSymbolNotice ||
         kind == StatementKind::kAcquisitionRequest;
}

}  // namespace

Actions GatewayCore::on(Event event) {
  return std::visit([this](auto& happened) { return handle(happened); }, event);
}

Actions GatewayCore::handle(FrameFromNode& event) {
  const auto frame = wire::decode_link_frame(event.frame);
  if (!frame) {
    ++counts_.errors[frame.error().code];
    return {};
  }
  for (const wire::Hello& hello : frame->hellos) {
    for (const InstitutionCode& institution : hello.institutions) {
      routes_.insert_or_assign(institution, event.node);
    }
  }
  if (frame->items.empty()) return {};
  const bool allowed =
      frame->hellos.empty() && std::all_of(frame->items.begin(), frame->items.end(),
                                           [](const auto& i) { return may_leave_a_node(i.kind); });
  if (!allowed) {
    ++counts_.errors[ErrorCode::kUnknownEnumValue];
    return {};
  }
  counts_.to_national += frame->items.size();
  Actions actions;
  actions.emplace_back(SendToNational{std::move(event.frame)});
  return actions;
}

Actions GatewayCore::handle(FrameFromNational& event) {
  auto frame = wire::decode_link_frame(event.frame);
  if (!frame) {
    ++counts_.errors[frame.error().code];
    return {};
  }
  std::map<NodeId, std::vector<wire::LinkItem>> by_node;
  for (wire::LinkItem& item : frame->items) {
    const auto route = routes_.find(item.to);
    if (!may_reach_a_node(item.kind)) {
      ++counts_.errors[ErrorCode::kUnknownEnumValue];
    } else if (route == routes_.end()) {
      ++counts_.errors[ErrorCode::kUnknownInstitution];
    } else {
      by_node[route->second].push_back(std::move(item));
    }
  }
  Actions actions;
  for (auto& [node, items] : by_node) {
    counts_.to_nodes += items.size();
    if (items.size() == frame->items.size()) {  // all of it goes one way: pass it on as it came
      actions.emplace_back(SendToNode{node, std::move(event.frame)});
      return actions;
    }
    for (Bytes& part : wire::encode_link_frames(items)) {
      actions.emplace_back(SendToNode{node, std::move(part)});
    }
  }
  return actions;
}

Actions GatewayCore::handle(NodeGone& event) {
  std::erase_if(routes_, [&](const auto& route) { return route.second == event.node; });
  return {};
}

}  // namespace nakadachi::gateway
