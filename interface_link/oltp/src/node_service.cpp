#include "nakadachi/oltp/node_service.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "nakadachi/base/log.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/socket/door_users.hpp"
#include "nakadachi/tenant_vm/recovery.hpp"
#include "nakadachi/wire/link_frame.hpp"
#include "nakadachi/wire/oltp_frame.hpp"
#include "store_worker.hpp"

namespace nakadachi::oltp {

using socket::DoorUsers;

namespace {

constexpr std::size_t kRecoveryPage = 1'000;
constexpr std::int64_t kRenewAgainMs = 60'000;
constexpr std::uint32_t kAdminQueuedFrames = 1'024;  // a reply is a frame there

/// A connection as a number: of its route, whose first byte is always 0, and of its user.
tenant_vm::ClientId client_of(const socket::Peer& peer) noexcept {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : peer.route.view()) number = number << 8 | byte;
  return {number << DoorUsers::kUserBits | peer.user.value};
}

socket::Peer peer_of(tenant_vm::ClientId client) noexcept {
  socket::Peer peer;
  std::uint64_t route = client.value >> DoorUsers::kUserBits;
  const auto bytes = peer.route.writable();
  for (std::size_t i = bytes.size(); i-- > 0; route >>= 8) {
    bytes[i] = static_cast<std::uint8_t>(route);
  }
  peer.user = {client.value & ((std::uint64_t{1} << DoorUsers::kUserBits) - 1)};
  return peer;
}

template <class Id>
std::vector<DoorUsers::Key> keys_of(const std::vector<DoorKey<Id>>& keys) {
  std::vector<DoorUsers::Key> made;
  made.reserve(keys.size());
  for (const DoorKey<Id>& one : keys)
    made.push_back({one.holder.value, one.key, one.time, one.place, one.may_come_from});
  return made;
}

void write_told(const tenant_vm::TellOperators& told) {
  constexpr std::string_view kEvent = "operators_must_know";
  const std::string_view error = text_of(told.code).name;
  const std::string institution = told.institution.text();
  if (!told.law) {
    return log::write(log::Level::kWarning, kEvent,
                      {{"error", error}, {"institution", std::string_view(institution)}});
  }
  const std::string counterpart = told.law->counterpart.text();
  const bool by_core = told.law->judge == tenant_vm::LawDifference::Judge::kCore;
  log::write(log::Level::kWarning, kEvent,
             {{"error", error},
              {"institution", std::string_view(institution)},
              {"role", told.law->asks ? "asker" : "provider"},
              {"counterpart", std::string_view(counterpart)},
              {"judged_by", by_core ? "core" : "provider"}});
}

}  // namespace

class NodeService::Impl {
 public:
  Impl(NodeServiceConfig config, tenant_vm::NodeSetup setup, const crypto::Signer& signer,
       const crypto::Verifier& verifier)
      : config_(std::move(config)), core_(std::move(setup), signer, verifier, random_) {}

  Result<void> start();
  Result<void> run();
  Result<void> replace_callers(Callers callers);
  Result<void> replace_law(rules::LawBook law);
  void stop() { loop_->stop(); }
  const std::string& endpoint() const noexcept { return door_->endpoint(); }
  std::string admin_endpoint() const { return admin_ != nullptr ? admin_->endpoint() : ""; }
  socket::ServerCounters oltp_counters() const { return door_->counters(); }
  socket::ServerCounters admin_counters() const {
    return admin_ != nullptr ? admin_->counters() : socket::ServerCounters{};
  }

 private:
  Result<void> recover(const LaneTenants& lane, storage::ExchangeStore& store);
  Result<void> open_link();
  Result<void> open_door();
  Result<void> open_admin_door();
  void add_hooks();
  void on_query_frame(const socket::Peer& peer, ByteView frame);
  void on_admin_frame(const socket::Peer& peer, ByteView frame);
  void on_link_frame(ByteView frame);
  void say_hello();
  void happen(tenant_vm::Event event);
  void carry_out(tenant_vm::Action& action);
  template <class Call>
  void ask_store(StoreWorker& worker, Call call);
  void send_what_came_together();
  void renew_delegations();
  void keep_delegations(tenant_vm::KeepDelegations renewed);
  void write_counts(Timestamp now);

  NodeServiceConfig config_;
  SystemRandom random_;
  tenant_vm::NodeCore core_;
  std::unique_ptr<socket::Loop> loop_;
  socket::Server* door_ = nullptr;
  socket::Server* admin_ = nullptr;  // null without an admin door
  socket::Client* link_ = nullptr;
  DoorUsers system_users_;  // of who starts the service, then of who replaces callers
  DoorUsers staff_users_;
  std::vector<wire::LinkItem> items_;
  std::map<tenant_vm::ClientId, std::vector<exchange::Reply>> replies_;
  std::size_t lanes_held_ = 0;
  Timestamp renew_at_;
  std::map<ErrorCode, std::uint64_t> refused_frames_;
  Timestamp counts_written_at_;
  std::vector<InstitutionCode> institutions_;
  // Last: their threads use the loop.
  std::map<LaneId, StoreWorker> writers_;
  std::unique_ptr<StoreWorker> reader_;

  friend class NodeService;
};

// Start -----------------------------------------------------------------------

Result<void> NodeService::Impl::start() {
  NAKADACHI_TRY(loop_, socket::Loop::make());
  for (const LaneTenants& lane : config_.lanes) {
    auto store = config_.open_store();
    NAKADACHI_CHECK(recover(lane, *store));
    writers_.try_emplace(lane.lane, std::move(store));
    ++lanes_held_;
  }
  reader_ = std::make_unique<StoreWorker>(config_.open_store());
  NAKADACHI_CHECK(open_link());
  NAKADACHI_CHECK(open_door());
  if (!config_.admin_endpoint.empty()) NAKADACHI_CHECK(open_admin_door());
  renew_at_ = loop_->now() + config_.renew_every_ms;
  add_hooks();
  for (const LaneTenants& lane : config_.lanes) happen(tenant_vm::LaneReady{lane.lane});
  return {};
}

Result<void> NodeService::Impl::recover(const LaneTenants& lane, storage::ExchangeStore& store) {
  NAKADACHI_TRY(const tenant_vm::Recovered recovered,
                tenant_vm::recover_lane(core_, store, lane.lane, lane.tenants, config_.name,
                                        loop_->now(), kRecoveryPage));
  log::write(log::Level::kInfo, "lane_taken",
             {{"lane", std::uint64_t{lane.lane.value}},
              {"epoch", recovered.grant.epoch.value},
              {"last_train", recovered.grant.last.value},
              {"rows_recovered", recovered.rows}});
  return {};
}

Result<void> NodeService::Impl::open_link() {
  socket::ClientConfig link{.name = "gateway",
                            .endpoint = config_.gateway_endpoint,
                            .server_key = config_.gateway_key,
                            .keys = config_.link_keys,
                            .max_frame_bytes = limits::kMaxLinkFrameBytes,
                            .queued_frames = 1'024};
  socket::ClientHandlers handlers;
  handlers.on_connected = [this] { say_hello(); };
  handlers.on_frame = [this](ByteView frame) { on_link_frame(frame); };
  NAKADACHI_TRY(link_, loop_->connect(std::move(link), std::move(handlers)));
  return {};
}

Result<void> NodeService::Impl::open_door() {
  NAKADACHI_TRY(const DoorUsers::Renewed users, system_users_.renew(keys_of(config_.systems)));
  socket::ServerConfig door{.name = "oltp",
                            .endpoint = config_.oltp_endpoint,
                            .keys = config_.oltp_keys,
                            .table = users.table,
                            .may_come_from = config_.systems_may_come_from,
                            .rate = config_.rate};
  socket::ServerHandlers handlers;
  handlers.on_frame = [this](const socket::Peer& peer, ByteView frame) {
    on_query_frame(peer, frame);
  };
  const auto refuse = [this](const socket::Peer& peer, ErrorCode why) {
    door_->send(peer, wire::encode_frame_error({.code = why}));
  };
  handlers.on_limited = [refuse](const socket::Peer& peer) {
    refuse(peer, ErrorCode::kRateLimited);
  };
  handlers.on_unfit = refuse;
  NAKADACHI_TRY(door_, loop_->listen(std::move(door), std::move(handlers)));
  return {};
}

Result<void> NodeService::Impl::open_admin_door() {
  NAKADACHI_TRY(const DoorUsers::Renewed users, staff_users_.renew(keys_of(config_.staff)));
  socket::ServerConfig door{.name = "admin",
                            .endpoint = config_.admin_endpoint,
                            .keys = config_.oltp_keys,
                            .table = users.table,
                            .may_come_from = config_.staff_may_come_from,
                            .rate = config_.rate,
                            .queued_frames = kAdminQueuedFrames};
  socket::ServerHandlers handlers;
  handlers.on_frame = [this](const socket::Peer& peer, ByteView frame) {
    on_admin_frame(peer, frame);
  };
  const auto refuse = [this](const socket::Peer& peer, ErrorCode why) {
    admin_->send(peer, wire::encode_admin_frame_error({.code = why}));
  };
  handlers.on_limited = [refuse](const socket::Peer& peer) {
    refuse(peer, ErrorCode::kRateLimited);
  };
  handlers.on_unfit = refuse;
  NAKADACHI_TRY(admin_, loop_->listen(std::move(door), std::move(handlers)));
  return {};
}

void NodeService::Impl::add_hooks() {
  socket::TurnHooks hooks;
  hooks.deadline = [this]() -> std::optional<Timestamp> {
    const auto core = core_.deadline();
    if (!config_.renew_delegations) return core;
    return core ? std::min(*core, renew_at_) : renew_at_;
  };
  hooks.on_deadline = [this](Timestamp now) {
    if (config_.renew_delegations && now >= renew_at_) renew_delegations();
    happen(tenant_vm::Tick{});
  };
  hooks.on_turn_end = [this](Timestamp now) {
    send_what_came_together();
    if (now - counts_written_at_ >= log::kCountsEveryMs) write_counts(now);
  };
  loop_->add_hooks(std::move(hooks));
}

Result<void> NodeService::Impl::replace_callers(Callers callers) {
  // Copies, so that nothing has changed when one of them is wrong.
  DoorUsers system_users = system_users_;
  DoorUsers staff_users = staff_users_;
  NAKADACHI_TRY(const DoorUsers::Renewed systems, system_users.renew(keys_of(callers.systems)));
  NAKADACHI_TRY(const DoorUsers::Renewed staff, staff_users.renew(keys_of(callers.staff)));
  const auto rights = std::make_shared<tenant_vm::CallersReplaced>(std::move(callers.rights));
  NAKADACHI_CHECK(loop_->post([this, rights, systems, staff] {
    door_->replace_table(systems.table);
    if (admin_ != nullptr) admin_->replace_table(staff.table);
    happen(std::move(*rights));
  }));
  system_users_ = std::move(system_users);
  staff_users_ = std::move(staff_users);
  log::write(log::Level::kInfo, "callers_replaced",
             {{"system_keys", std::uint64_t{systems.table->size()}},
              {"system_keys_came", std::uint64_t{systems.came}},
              {"system_keys_went", std::uint64_t{systems.went}},
              {"staff_keys", std::uint64_t{staff.table->size()}},
              {"staff_keys_came", std::uint64_t{staff.came}},
              {"staff_keys_went", std::uint64_t{staff.went}}});
  return {};
}

Result<void> NodeService::Impl::replace_law(rules::LawBook law) {
  const auto replaced = std::make_shared<tenant_vm::LawReplaced>(std::move(law));
  return loop_->post([this, replaced] { happen(std::move(*replaced)); });
}

// Work ------------------------------------------------------------------------

Result<void> NodeService::Impl::run() {
  counts_written_at_ = loop_->now();
  loop_->run();
  write_counts(loop_->now());
  if (lanes_held_ == 0) return ErrorCode::kLaneLost;
  return {};
}

void NodeService::Impl::on_query_frame(const socket::Peer& peer, ByteView frame) {
  auto opened = wire::decode_query_frame(frame);
  if (!opened) {
    ++refused_frames_[opened.error().code];
    door_->send(peer, wire::encode_frame_error(opened.error()));
    return;
  }
  const tenant_vm::ClientId client = client_of(peer);
  const tenant_vm::SystemId system{DoorUsers::holder_of(peer.user)};
  if (opened->answering) {
    happen(tenant_vm::HandOversArrived{client, system, std::move(opened->hand_overs)});
  }
  if (!opened->queries.empty()) {
    happen(tenant_vm::QueriesArrived{client, system, std::move(opened->queries)});
  }
}

void NodeService::Impl::on_admin_frame(const socket::Peer& peer, ByteView frame) {
  auto requests = wire::decode_admin_requests(frame);
  if (!requests) {
    ++refused_frames_[requests.error().code];
    admin_->send(peer, wire::encode_admin_frame_error(requests.error()));
    return;
  }
  happen(tenant_vm::AdminRequestsArrived{
      client_of(peer), {DoorUsers::holder_of(peer.user)}, *std::move(requests)});
}

void NodeService::Impl::on_link_frame(ByteView frame) {
  auto decoded = wire::decode_link_frame(frame);
  if (!decoded) {
    ++refused_frames_[decoded.error().code];
    return;
  }
  happen(tenant_vm::ItemsArrived{std::move(decoded->items)});
}

void NodeService::Impl::say_hello() {
  wire::Hello hello{institutions_};
  if (!link_->send(wire::encode_hello(hello))) {
    log::write(log::Level::kWarning, "hello_not_sent");
  }
}

void NodeService::Impl::happen(tenant_vm::Event event) {
  tenant_vm::Actions actions = core_.on(std::move(event), loop_->now());
  for (tenant_vm::Action& action : actions) carry_out(action);
}

/// Runs `call` on the worker's thread and hands the event it returns to the core.
template <class Call>
void NodeService::Impl::ask_store(StoreWorker& worker, Call call) {
  worker.give([this, call = std::move(call)](storage::ExchangeStore& store) {
    auto event = std::make_shared<tenant_vm::Event>(call(store));
    static_cast<void>(loop_->post([this, event] { happen(std::move(*event)); }));
  });
}

void NodeService::Impl::carry_out(tenant_vm::Action& action) {
  if (auto* reply = std::get_if<tenant_vm::SendReply>(&action)) {
    replies_[reply->client].push_back(std::move(reply->reply));
  } else if (auto* asked = std::get_if<tenant_vm::SendQuestion>(&action)) {
    door_->send(peer_of(asked->client), wire::encode_questions({&asked->question, 1}));
  } else if (auto* answer = std::get_if<tenant_vm::SendAdminReply>(&action)) {
    admin_->send(peer_of(answer->client), wire::encode_admin_reply(answer->reply));
  } else if (auto* told = std::get_if<tenant_vm::TellOperators>(&action)) {
    write_told(*told);
  } else if (auto* item = std::get_if<tenant_vm::SendItem>(&action)) {
    items_.push_back(std::move(item->item));
  } else if (auto* append = std::get_if<tenant_vm::AppendTrain>(&action)) {
    ask_store(writers_.at(append->train->lane),
              [train = append->train](storage::ExchangeStore& store) -> tenant_vm::Event {
                return tenant_vm::TrainSettled{train->lane, store.append(*train)};
              });
  } else if (auto* fate = std::get_if<tenant_vm::AskFate>(&action)) {
    ask_store(writers_.at(fate->lane),
              [asked = *fate](storage::ExchangeStore& store) -> tenant_vm::Event {
                return tenant_vm::FateTold{asked.lane,
                                           store.read_back(asked.lane, asked.epoch, asked.number)};
              });
  } else if (auto* find = std::get_if<tenant_vm::FindSteps>(&action)) {
    ask_store(*reader_, [asked = *find](storage::ExchangeStore& store) -> tenant_vm::Event {
      return tenant_vm::StepsFound{asked.lookup, store.find(asked.tenant, asked.exchange)};
    });
  } else if (auto* prove = std::get_if<tenant_vm::FindProof>(&action)) {
    ask_store(*reader_, [asked = *prove](storage::ExchangeStore& store) -> tenant_vm::Event {
      const tenant_vm::ProofName& name = asked.name;
      return tenant_vm::ProofFound{name, store.find_proof(name.tenant, name.lane, name.train,
                                                          asked.entry_number, name.institution)};
    });
  } else if (auto* keep = std::get_if<tenant_vm::KeepDelegations>(&action)) {
    keep_delegations(std::move(*keep));
  } else if (auto* lost = std::get_if<tenant_vm::GiveUpLane>(&action)) {
    log::write(log::Level::kError, "lane_lost", {{"lane", std::uint64_t{lost->lane.value}}});
    if (--lanes_held_ == 0) loop_->stop();
  }
}

/// One frame for all items of a turn, one a client for its replies. What the
/// library does not take is lost like a packet: the time-outs of both sides heal it.
void NodeService::Impl::send_what_came_together() {
  for (const Bytes& frame : wire::encode_link_frames(items_)) link_->send(frame);
  items_.clear();
  for (const auto& [client, replies] : replies_) {
    for (const Bytes& frame : wire::encode_replies(replies)) door_->send(peer_of(client), frame);
  }
  replies_.clear();
}

void NodeService::Impl::renew_delegations() {
  renew_at_ = loop_->now() + config_.renew_every_ms;
  auto delegations = config_.renew_delegations();
  if (!delegations) {
    return log::write(log::Level::kError, "delegations_not_renewed", delegations.error());
  }
  happen(tenant_vm::DelegationsRenewed{*std::move(delegations)});
}

/// What could not be kept is renewed again soon: the former delegations hold still.
void NodeService::Impl::keep_delegations(tenant_vm::KeepDelegations renewed) {
  reader_->give([this, renewed = std::move(renewed)](storage::ExchangeStore& store) {
    const auto kept = store.keep_delegations(renewed.tenant, renewed.delegations);
    if (kept) return;
    static_cast<void>(loop_->post([this, error = kept.error()] {
      renew_at_ = std::min(renew_at_, loop_->now() + kRenewAgainMs);
      log::write(log::Level::kError, "delegations_not_kept", error);
    }));
  });
}

void NodeService::Impl::write_counts(Timestamp now) {
  counts_written_at_ = now;
  log::write_counts("frames_refused", refused_frames_);
  const tenant_vm::NodeCounts& counts = core_.counts();
  log::write_counts("turned_away", counts.errors);
  log::write(log::Level::kInfo, "work_done",
             {{"accepted", counts.accepted},
              {"replayed", counts.replayed},
              {"provided", counts.provided},
              {"held", counts.held},
              {"live", counts.live},
              {"concluded", counts.concluded},
              {"changes", counts.changes},
              {"trains", counts.trains},
              {"rows", counts.rows}});
}

// The public face -------------------------------------------------------------

NodeService::NodeService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NodeService::~NodeService() = default;

Result<std::unique_ptr<NodeService>> NodeService::start(NodeServiceConfig config,
                                                        tenant_vm::NodeSetup setup,
                                                        const crypto::Signer& signer,
                                                        const crypto::Verifier& verifier) {
  std::vector<InstitutionCode> institutions;
  for (const tenant_vm::PartitionSetup& partition : setup.partitions) {
    for (const auto& institution : partition.institutions) institutions.push_back(institution.code);
  }
  auto impl = std::make_unique<Impl>(std::move(config), std::move(setup), signer, verifier);
  impl->institutions_ = std::move(institutions);
  NAKADACHI_CHECK(impl->start());
  return std::unique_ptr<NodeService>(new NodeService(std::move(impl)));
}

const std::string& NodeService::endpoint() const noexcept { return impl_->endpoint(); }
std::string NodeService::admin_endpoint() const { return impl_->admin_endpoint(); }
socket::ServerCounters NodeService::oltp_counters() const { return impl_->oltp_counters(); }
socket::ServerCounters NodeService::admin_counters() const { return impl_->admin_counters(); }
Result<void> NodeService::run() { return impl_->run(); }
Result<void> NodeService::replace_callers(Callers callers) {
  return impl_->replace_callers(std::move(callers));
}
Result<void> NodeService::replace_law(rules::LawBook law) {
  return impl_->replace_law(std::move(law));
}
void NodeService::stop() { impl_->stop(); }

}  // namespace nakadachi::oltp
