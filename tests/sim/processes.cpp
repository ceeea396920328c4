#include <algorithm>

#include "nakadachi/tenant_vm/recovery.hpp"
#include "world.hpp"

namespace nakadachi::sim {
namespace {

constexpr std::int64_t kMeanCrashMs = 6'000;
// Of a thousand actions so many find their process dead.
constexpr std::uint32_t kBetweenActionsPermille = 2;

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

// Nodes -----------------------------------------------------------------------

void World::start_node(std::size_t node) {
  NodeProcess& process = nodes_[node];
  ++process.incarnation;
  trace("node start");
  process.random =
      std::make_unique<SeededRandom>(seed_ * 7919 + node * 104'729 + process.incarnation);
  process.core =
      std::make_unique<tenant_vm::NodeCore>(universe_.node_setup(process.towns, *process.signer),
                                            *process.signer, universe_.verifier(), *process.random);
  process.tick_at.reset();
  for (const std::size_t town : process.towns) recover_lane(process, town);
  for (const std::size_t town : process.towns) {
    if (process.core == nullptr) return;
    node_event(node, tenant_vm::LaneReady{LaneId{static_cast<std::uint16_t>(town + 1)}});
  }
  say_hello(node);
}

void World::recover_lane(NodeProcess& process, std::size_t town) {
  constexpr std::size_t kPage = 7;
  const LaneId lane{static_cast<std::uint16_t>(town + 1)};
  const auto recovered = tenant_vm::recover_lane(*process.core, store_, lane,
                                                 {universe_.tenant(town)}, "sim", now_, kPage);
  if (!recovered) broken("log-intact", std::string(text_of(recovered.error().code).name));
}

void World::crash_node(std::size_t node, Fault fault) {
  NodeProcess& process = nodes_[node];
  if (process.core == nullptr) return;
  happened(fault);
  trace("node crash");
  process.core.reset();
  after(100 + static_cast<std::int64_t>(random_.below(3'000)), [this, node] { start_node(node); });
}

/// Hands the event to the core and carries out what it wants, unless the process
/// dies between two of its actions.
void World::node_event(std::size_t node, tenant_vm::Event event) {
  if (nodes_[node].core == nullptr) return;
  tenant_vm::Actions actions = nodes_[node].core->on(std::move(event), now_);
  for (tenant_vm::Action& action : actions) {
    if (faulty() && random_.chance(kBetweenActionsPermille)) {
      return crash_node(node, Fault::kNodeCrashBetweenActions);
    }
    if (!perform(node, action)) return;
  }
  schedule_tick(node);
}

/// False when the process is no longer there.
bool World::perform(std::size_t node, tenant_vm::Action& action) {
  const std::uint64_t incarnation = nodes_[node].incarnation;
  const auto if_alive = [this, node, incarnation](tenant_vm::Event event) {
    if (nodes_[node].incarnation == incarnation) node_event(node, std::move(event));
  };
  std::visit(
      Overloaded{
          [&](tenant_vm::SendReply& reply) {
            const std::size_t asker = reply.client.value >> 32;
            const std::uint64_t connection = reply.client.value & 0xFFFFFFFFU;
            for (const Bytes& frame : wire::encode_replies({&reply.reply, 1})) {
              send("node to client", frame,
                   [this, asker, connection](const Bytes& b) { on_reply(asker, connection, b); });
            }
          },
          [&](tenant_vm::SendQuestion& asked) {
            const std::size_t system = asked.client.value >> 32;
            const std::uint64_t connection = asked.client.value & 0xFFFFFFFFU;
            send(
                "node to client", wire::encode_questions({&asked.question, 1}),
                [this, system, connection](const Bytes& b) { on_question(system, connection, b); });
          },
          [&](tenant_vm::SendAdminReply& reply) {
            const std::size_t institution = reply.client.value - kStaffClients;
            send("node to staff", wire::encode_admin_reply(reply.reply),
                 [this, institution](const Bytes& b) { on_staff_reply(institution, b); });
          },
          [](tenant_vm::TellOperators&) {},
          [&](tenant_vm::SendItem& send_item) {
            check_leaves_after_commit(send_item.item);
            check_wish_leaves(send_item.item);
            for (const Bytes& frame : wire::encode_link_frames({&send_item.item, 1})) {
              to_gateway(node, frame);
            }
          },
          [&](tenant_vm::AppendTrain& append) { append_train(node, append.train); },
          [&](tenant_vm::AskFate& ask_fate) {
            after(1, [this, ask_fate, if_alive] {
              if_alive(tenant_vm::FateTold{
                  ask_fate.lane, store_.read_back(ask_fate.lane, ask_fate.epoch, ask_fate.number)});
            });
          },
          [&](tenant_vm::FindSteps& find) {
            after(1, [this, find, if_alive] {
              if_alive(tenant_vm::StepsFound{find.lookup, store_.find(find.tenant, find.exchange)});
            });
          },
          [&](tenant_vm::FindProof& find) {
            after(1, [this, find, if_alive] {
              const tenant_vm::ProofName& name = find.name;
              if_alive(tenant_vm::ProofFound{
                  name, store_.find_proof(name.tenant, name.lane, name.train, find.entry_number,
                                          name.institution)});
            });
          },
          [&](tenant_vm::KeepDelegations& keep) {
            static_cast<void>(store_.keep_delegations(keep.tenant, keep.delegations));
          },
          [&](tenant_vm::GiveUpLane&) { broken("lane-kept", "a node lost a lane nobody took"); }},
      action);
  return nodes_[node].core != nullptr;
}

/// The train reaches the disk after a while, if it does, and the acknowledgement
/// comes back after another, if it does. Its writer may be gone by then.
void World::append_train(std::size_t node, const std::shared_ptr<const storage::Train>& train) {
  note_values(*train);
  note_holdings(*train);
  const std::uint64_t incarnation = nodes_[node].incarnation;
  const auto settled = [this, node, incarnation, lane = train->lane](storage::AppendResult result) {
    after(1, [this, node, incarnation, lane, result = std::move(result)] {
      if (nodes_[node].incarnation == incarnation) {
        node_event(node, tenant_vm::TrainSettled{lane, result});
      }
    });
  };
  const auto unknown = storage::AppendResult{
      storage::Commit::kUnknown, Error{.code = ErrorCode::kCommitUnknown}, std::nullopt};
  std::int64_t delay_ms = 1 + static_cast<std::int64_t>(random_.below(20));
  if (faulty() && random_.chance(30)) delay_ms += static_cast<std::int64_t>(random_.below(4'000));
  after(delay_ms, [this, node, incarnation, train, settled, unknown] {
    if (chance(30, Fault::kCommitFailed)) {
      return settled(storage::AppendResult{
          storage::Commit::kFailed, Error{.code = ErrorCode::kStoreUnavailable}, std::nullopt});
    }
    if (chance(25, Fault::kCommitUnknownDropped)) return settled(unknown);
    const storage::AppendResult result = store_.append(*train);
    const bool writer_gone = nodes_[node].incarnation != incarnation;
    if (writer_gone && result.error.code == ErrorCode::kLaneLost)
      happened(Fault::kTrainAppliedLate);
    if (chance(25, Fault::kCommitUnknownApplied)) return settled(unknown);
    settled(result);
  });
}

void World::schedule_tick(std::size_t node) {
  NodeProcess& process = nodes_[node];
  if (process.core == nullptr) return;
  const auto deadline = process.core->deadline();
  if (!deadline || (process.tick_at && *process.tick_at <= *deadline)) return;
  const Timestamp when = std::max(*deadline, now_ + 1);
  process.tick_at = when;
  at(when, [this, node, when, incarnation = process.incarnation] {
    if (nodes_[node].incarnation != incarnation || nodes_[node].tick_at != when) return;
    nodes_[node].tick_at.reset();
    node_event(node, tenant_vm::Tick{});
  });
}

// Link ------------------------------------------------------------------------

/// Said on every connection; a connection on which it is lost is no connection.
void World::say_hello(std::size_t node) {
  wire::Hello hello;
  for (const std::size_t town : nodes_[node].towns) {
    hello.institutions.push_back(universe_.institution(2 * town));
    hello.institutions.push_back(universe_.institution(2 * town + 1));
  }
  after(5, [this, node, frame = wire::encode_hello(hello)] {
    gateway_event(gateway::FrameFromNode{{node}, frame});
  });
}

void World::to_gateway(std::size_t node, const Bytes& frame) {
  send("node to gateway", frame,
       [this, node](const Bytes& b) { gateway_event(gateway::FrameFromNode{{node}, b}); });
}

/// Its peers come back to it when it is there again.
void World::crash_gateway() {
  trace("gateway crash");
  gateway_.reset();
  after(50 + static_cast<std::int64_t>(random_.below(2'000)), [this] {
    gateway_ = std::make_unique<gateway::GatewayCore>();
    for (std::size_t node = 0; node < nodes_.size(); ++node) say_hello(node);
  });
}

/// As of a node: what it was about to send when it died, nobody gets.
void World::gateway_event(gateway::Event event) {
  if (gateway_ == nullptr) return;
  gateway::Actions actions = gateway_->on(std::move(event));
  for (gateway::Action& action : actions) {
    if (chance(kBetweenActionsPermille, Fault::kGatewayCrashBetweenActions)) {
      return crash_gateway();
    }
    perform(action);
  }
}

void World::perform(gateway::Action& action) {
  std::visit(Overloaded{[&](gateway::SendToNational& out) {
                          send("gateway to national", out.frame,
                               [this](const Bytes& b) { national_frame(b); });
                        },
                        [&](gateway::SendToNode& out) {
                          send("gateway to node", out.frame,
                               [this, node = out.node.value](const Bytes& b) {
                                 auto frame = wire::decode_link_frame(b);
                                 node_event(node, tenant_vm::ItemsArrived{std::move(frame->items)});
                               });
                        }},
             action);
}

void World::national_frame(const Bytes& frame) {
  if (national_ == nullptr) return;
  auto decoded = wire::decode_link_frame(frame);
  national_->on_items(std::move(decoded->items), now_);
  after(2, [this, incarnation = national_incarnation_] {
    if (national_ != nullptr && incarnation == national_incarnation_) national_due();
  });
}

void World::start_national() {
  national::NationalSetup setup = universe_.national_setup();
  setup.issued.insert(setup.issued.end(), issued_.begin(), issued_.end());
  if (violated_at_) setup.violations = universe_.violations();
  national_ = std::make_unique<national::NationalCore>(std::move(setup), universe_.core_signer(),
                                                       universe_.verifier(), *national_random_);
}

/// Comes back with what its disk holds.
void World::crash_national() {
  trace("national crash");
  national_.reset();
  national_due_at_.reset();
  ++national_incarnation_;
  after(50 + static_cast<std::int64_t>(random_.below(2'000)), [this] {
    start_national();
    national_due();
  });
}

/// What was issued is on disk before anything of it is sent. What is not confirmed
/// is sent again when its time comes. It may die before each write and each frame.
void World::national_due() {
  const auto dies = [this] {
    return chance(kBetweenActionsPermille, Fault::kNationalCrashBetweenActions);
  };
  for (national::IssuedSymbol& issued : national_->take_issued()) {
    if (dies()) return crash_national();
    issued_.push_back(issued);
  }
  const auto items = national_->due(now_);
  for (const wire::LinkItem& item : items) {
    check_permit(item);
    flag_sometimes(item);
    set_mode_sometimes(item);
    end_symbol_sometimes(item);
    load_sometimes(item);
    note_size(item);
  }
  for (const Bytes& frame : wire::encode_link_frames(items)) {
    if (dies()) return crash_national();
    send("national to gateway", frame,
         [this](const Bytes& b) { gateway_event(gateway::FrameFromNational{b}); });
  }
  const auto again = national_->deadline();
  if (!again || again == national_due_at_) return;
  national_due_at_ = std::max(*again, now_ + 1);
  at(*national_due_at_, [this, incarnation = national_incarnation_] {
    if (national_ == nullptr || incarnation != national_incarnation_) return;
    national_due_at_.reset();
    national_due();
  });
}

/// The commission tells of files whose assessments violate Article 28; the core system starts
/// anew with them.
void World::violate_article_28() {
  after(10'000 + static_cast<std::int64_t>(random_.below(15'000)), [this] {
    violated_at_ = now_;
    if (national_ != nullptr) crash_national();
  });
}

// Crashes ---------------------------------------------------------------------

void World::crash_sometimes() {
  after(1 + static_cast<std::int64_t>(random_.below(2 * kMeanCrashMs)), [this] {
    if (!faulty()) return;
    const std::uint64_t victim = random_.below(6);
    if (victim <= 2) {
      crash_node(random_.below(nodes_.size()), Fault::kNodeCrash);
    } else if (victim == 3 && gateway_ != nullptr) {
      happened(Fault::kGatewayCrash);
      crash_gateway();
    } else if (victim == 4 && national_ != nullptr) {
      happened(Fault::kNationalCrash);
      crash_national();
    } else {
      happened(Fault::kClientCrash);
      const std::size_t asker = random_.below(kInstitutions);
      ++connections_[asker];  // replies to the former connection reach nobody
    }
    crash_sometimes();
  });
}

}  // namespace nakadachi::sim
