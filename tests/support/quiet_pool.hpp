#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nakadachi/client/receipt_check.hpp"
#include "nakadachi/storage/memory_store.hpp"
#include "tests/support/universe.hpp"

namespace nakadachi::testing {

/// Both towns on one node, gateway left out, national system and store in one
/// thread without any fault: what a test sends arrives at once. A test may look at
/// and change every item on its way. Replies travel as frames, and those with an outcome
/// must have a receipt that a client takes.
class QuietPool {
 public:
  explicit QuietPool(std::uint64_t seed = 5);

  /// Starts the node anew over the same store, as after a stop.
  void start_node(tenant_vm::NodeSetup setup);

  /// Hands queries of one system to the node and lets everything run its course.
  std::vector<exchange::Reply> ask(std::size_t system, std::vector<exchange::Query> queries);
  exchange::Reply ask(const exchange::Query& query);
  /// Hands over a query of the first system which the door could not read, but for its key.
  exchange::Reply ask_unreadable(const RequestKey& key, ErrorCode why);
  /// Hands a request of an institution's staff (or of `staff`) to the node and lets
  /// everything run its course; the answer is there by then.
  Result<wire::AdminAnswer> command(const wire::AdminRequest& request, std::size_t institution);
  Result<wire::AdminAnswer> command_as(tenant_vm::StaffId staff, const wire::AdminRequest& request);
  /// As `command`, for one that is answered later: see `admin_replies`.
  void send_command(std::size_t institution, const wire::AdminRequest& request);
  /// The same for several that arrive in one frame.
  void send_commands(std::size_t institution, const std::vector<wire::AdminRequest>& requests);
  /// The business system of an institution answers, or only says that it is there.
  void hand_over_live(std::size_t system, std::vector<exchange::HandOver> answers);
  /// Other callers from now on.
  void replace_callers(tenant_vm::CallersReplaced callers) { happen(std::move(callers)); }
  /// The node's law from now on.
  void replace_law(rules::LawBook law) {
    happen(tenant_vm::LawReplaced{std::move(law)});
    settle();
  }
  /// 機構 is told whom an institution means by a 取得番号.
  void hand_over(std::size_t institution, std::uint64_t number, std::size_t person);
  /// Hands items to the node as if they came over the link.
  void deliver(std::vector<wire::LinkItem> items);
  /// Lets time pass, with all its deadlines.
  void pass(std::int64_t ms);

  /// The first query of this seed that leads to `outcome` (and `code` when refused).
  exchange::Query query_for(exchange::Outcome outcome, ErrorCode code = ErrorCode::kInternal);

  std::uint64_t errors(ErrorCode code) const;

  Universe universe;
  SeededRandom random;
  Timestamp now = kStart;
  storage::MemoryStore store;
  SeededRandom node_random;
  SeededRandom national_random;
  std::unique_ptr<crypto::Signer> node_signer;
  std::unique_ptr<tenant_vm::NodeCore> node;
  std::unique_ptr<national::NationalCore> national;

  /// Called for every item that leaves the node or the national system; false drops it.
  std::function<bool(wire::LinkItem&)> on_item = [](wire::LinkItem&) { return true; };
  /// Called instead of appending when set.
  std::function<storage::AppendResult(const storage::Train&)> on_append;
  /// Called with what was found for receipts of stored entries, when set; receipts are
  /// not checked then.
  std::function<void(Result<storage::StoredProof>&)> on_proof;
  std::vector<exchange::Reply> replies;
  std::vector<exchange::LiveQuestion> questions;  ///< put to business systems, in order
  std::vector<LaneId> lanes_given_up;
  std::vector<wire::AdminReply> admin_replies;
  std::vector<tenant_vm::TellOperators> told_operators;

 private:
  void send(tenant_vm::StaffId staff, std::span<const wire::AdminRequest> requests);
  void happen(tenant_vm::Event event);
  void carry_out(tenant_vm::Action& action);
  void take_reply(const exchange::Reply& sent);
  void run_national();
  void settle();

  client::ReceiptCheck receipts_;
  std::map<RequestKey, exchange::Query> asked_;
  std::vector<wire::LinkItem> to_national_;
  std::deque<tenant_vm::Event> events_;
};

}  // namespace nakadachi::testing
