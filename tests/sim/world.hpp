#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "faults.hpp"
#include "nakadachi/client/receipt_check.hpp"
#include "nakadachi/copies/answer_mode.hpp"
#include "nakadachi/copies/change.hpp"
#include "nakadachi/copies/flags.hpp"
#include "nakadachi/gateway/gateway_core.hpp"
#include "nakadachi/storage/memory_store.hpp"
#include "tests/support/opened_rows.hpp"
#include "tests/support/universe.hpp"

namespace nakadachi::sim {

using testing::kInstitutions;
using testing::kTowns;
using testing::Universe;

/// 23:59:40 in Japan: another legal table begins while queries are asked.
inline constexpr Timestamp kStart{1'800'025'180'000};

/// What a run showed.
struct RunResult {
  std::uint64_t trace_hash = 0;
  FaultCounts faults{};
  OccasionCounts occasions{};
  std::map<exchange::Outcome, std::size_t> outcomes;
  std::size_t never_accepted = 0;
  std::vector<std::string> broken;  ///< names of broken invariants, with a word on how
};

/// Two towns, gateway and national system in one thread over a simulated network,
/// disk and clock. Everything that happens follows from the seed.
class World {
 public:
  World(std::uint64_t seed, std::size_t exchanges);
  RunResult run();

 private:
  // Processes. Each has an incarnation: what was meant for a former one is void.
  struct NodeProcess {
    std::vector<std::size_t> towns;
    std::unique_ptr<crypto::Signer> signer;
    std::unique_ptr<SeededRandom> random;
    std::unique_ptr<tenant_vm::NodeCore> core;  // null while down
    std::uint64_t incarnation = 0;
    std::optional<Timestamp> tick_at;
  };
  struct Asked {
    exchange::Query query;
    std::size_t asker;
    std::optional<exchange::Reply> outcome;
    bool never_accepted = false;
    bool reused = false;      ///< its key, for another question
    bool reuse_told = false;  ///< that this is refused
  };

  struct Acquisition {
    std::size_t institution;
    std::size_t person;
  };
  /// Two persons of a town that are one.
  struct Merge {
    std::size_t institution;
    std::array<std::optional<AddressNumber>, 2> numbers = {};  ///< survivor's and former
    std::optional<AddressNumber> flagged = {};                 ///< the former, once it is
  };
  /// Whose information a question asks for.
  struct About {
    std::size_t institution;
    std::size_t person;
    InformationKind kind;
  };
  /// A load that replaces all copies of a kind.
  struct FullLoad {
    std::size_t institution;
    InformationKind kind;
    std::uint64_t dataset = 0;
    std::uint64_t copies = 0;
    std::set<std::size_t> persons = {};  ///< not registered yet
    bool ended = false;
  };
  /// That another body acquire the symbol of a person; of each town one.
  struct Wish {
    std::size_t lack = 0;                  ///< place of the question that shows the lack
    bool told = false;                     ///< the node has confirmed it
    bool corrected = false;                ///< the provider has the person's items right
    std::size_t questions = 0;             ///< asked about the person
    std::optional<std::size_t> last = {};  ///< the one asked when the symbol was there
  };
  /// How a copy was changed, by number in the town's log.
  struct CopyChange {
    std::uint64_t dataset;
    copies::Operation operation;
  };
  using CopyLog = std::map<std::pair<TenantId, HoldingKey>, std::map<std::uint64_t, CopyChange>>;
  using CopiesByLoad = std::map<std::pair<InformationKind, std::uint64_t>, std::uint64_t>;
  /// One request of it; the last names no person.
  struct Loading {
    std::size_t load;
    std::uint64_t dataset;
    std::optional<std::size_t> person;
  };

  // network and time (world.cpp)
  void at(Timestamp when, std::function<void()> what);
  void after(std::int64_t ms, std::function<void()> what) { at(now_ + ms, std::move(what)); }
  void send(std::string_view link, const Bytes& payload,
            const std::function<void(const Bytes&)>& deliver);
  void trace(std::string_view what, ByteView payload = {});
  bool faulty() const { return now_ < faults_end_; }
  bool chance(std::uint32_t permille, Fault fault);
  void happened(Fault fault) { ++result_.faults[static_cast<std::size_t>(fault)]; }
  void occurred(Occasion occasion) { ++result_.occasions[static_cast<std::size_t>(occasion)]; }

  // processes (processes.cpp)
  void start_node(std::size_t node);
  void recover_lane(NodeProcess& process, std::size_t town);
  void crash_node(std::size_t node, Fault fault);
  void node_event(std::size_t node, tenant_vm::Event event);
  bool perform(std::size_t node, tenant_vm::Action& action);
  void append_train(std::size_t node, const std::shared_ptr<const storage::Train>& train);
  void schedule_tick(std::size_t node);
  void say_hello(std::size_t node);
  void to_gateway(std::size_t node, const Bytes& frame);
  void crash_gateway();
  void gateway_event(gateway::Event event);
  void perform(gateway::Action& action);
  void national_frame(const Bytes& frame);
  void national_due();
  void start_national();
  void crash_national();
  void crash_sometimes();
  void violate_article_28();

  // staff (staff.cpp)
  static constexpr std::uint64_t kStaffClients = std::uint64_t{1} << 62;
  void schedule_staff();
  void staff_turn(std::size_t institution);
  void flag_sometimes(const wire::LinkItem& notice);
  void set_mode_sometimes(const wire::LinkItem& notice);
  void end_symbol_sometimes(const wire::LinkItem& notice);
  RequestKey send_request(std::size_t institution, wire::AdminCommand command,
                          std::string_view why = "simulated");
  void on_staff_reply(std::size_t institution, const Bytes& frame);
  void decide(std::size_t institution, const wire::HeldRequest& held);
  void hand_over(std::size_t institution, std::size_t person, std::uint64_t number);
  bool is_acquired(const Acquisition& acquisition) const;

  // what towns hold (holdings.cpp)
  void note_holdings(const storage::Train& train);
  const storage::StoredChange* last_before(std::size_t town, storage::Section section,
                                           const HoldingKey& key, TrainNumber train) const;
  copies::FlagState flags_before(const About& about, Day day, TrainNumber train) const;
  std::optional<Universe::Registered> copy_before(const About& about, TrainNumber train) const;
  copies::AnswerMode mode_before(const About& about, TrainNumber train) const;
  std::optional<bool> bound_before(const About& about, TrainNumber train) const;
  std::optional<copies::ChangeRecord> open_record(std::size_t town,
                                                  const storage::StoredChange& change) const;
  void check_staffs_word(const std::vector<testing::OpenedRow>& rows);

  // persons (persons.cpp)
  void schedule_merges();
  void merge_turn(std::size_t place);
  void on_person_found(std::size_t place, std::size_t side, const wire::Persons& found);
  std::vector<symbols::PersonRecord> persons_of(std::size_t town) const;
  bool is_merged(const Merge& merge) const;
  bool all_merged() const;
  void check_persons();

  // wishes that another body acquire a symbol (wishes.cpp)
  void schedule_wishes();
  std::size_t ask_about_sought(std::size_t town, Timestamp when);
  void ask_as_symbol_comes(std::size_t town);
  void wish_turn(std::size_t town);
  void on_wishes(std::size_t institution, const wire::AcquisitionWishes& wishes);
  void on_acquisitions(std::size_t institution, const wire::Acquisitions& under_way);
  bool is_followed(std::size_t town) const;
  bool is_over(const Wish& wish) const;
  bool all_over() const;
  std::map<std::uint64_t, copies::ChangeRecord> changes_of(std::size_t town,
                                                           storage::Section section,
                                                           const HoldingKey& key) const;
  void check_wish_leaves(const wire::LinkItem& item);
  void check_wishes();
  void check_wish_ended(std::size_t town);

  // loads of copies (loads.cpp)
  void schedule_loads();
  void begin_load(std::size_t place);
  void load_turn(std::size_t place, std::uint64_t dataset);
  void on_load_reply(const Loading& loading, const wire::AdminAnswer& answer);
  void load_sometimes(const wire::LinkItem& notice);
  bool all_loaded() const;
  void check_copies();
  CopyLog copy_log();
  void check_loads_in_order(const CopyLog& log);
  bool is_left_over(const FullLoad& load, const CopyLog& log, const HoldingKey& key) const;
  CopiesByLoad counts_of(std::size_t institution);
  /// What a node says to staff at once; nothing in between is lost.
  template <class Answer>
  Answer answer_of(std::size_t institution, wire::AdminCommand command);

  // business systems (clients.cpp)
  void schedule_queries();
  void ask(std::size_t index);
  void on_reply(std::size_t asker, std::uint64_t connection, const Bytes& frame);
  void settle(Asked& asked, const exchange::Reply& reply);
  void say_answering(std::size_t system);
  void send_query(std::size_t asker, const exchange::Query& query);
  void send_hand_over(std::size_t system, const exchange::HandOver* answer);
  void on_question(std::size_t system, std::uint64_t connection, const Bytes& frame);
  void reuse_key(std::size_t index);
  void ask_again_later(std::size_t index, std::int64_t ms);
  bool all_settled() const;

  // invariants (invariants.cpp)
  void broken(std::string_view invariant, const std::string& how);
  void check_leaves_after_commit(const wire::LinkItem& item);
  void check_reply_is_durable(const Asked& asked);
  void check_receipt(const Asked& asked, const exchange::Reply& reply);
  void check_end();
  std::map<RequestKey, exchange::Conclusion> conclusions() const;
  std::map<Digest, TrainNumber> trains_of_provisions() const;
  bool was_issued(const About& about, Timestamp by) const;
  void check_outcome(const Asked& asked, const exchange::Conclusion& concluded,
                     const std::map<Digest, TrainNumber>& provided);
  std::map<Digest, About> abouts(const std::vector<testing::OpenedRow>& rows) const;
  void check_law();
  void check_permit(const wire::LinkItem& notice);
  void check_disk();
  std::optional<std::vector<testing::OpenedRow>> open_all_rows();
  void check_rows(const std::vector<testing::OpenedRow>& rows);
  void check_agreement(const std::map<Digest, const testing::OpenedRow*>& provided,
                       const std::map<Digest, exchange::Conclusion>& concluded);
  void check_conclusions(const std::vector<testing::OpenedRow>& rows);
  void check_logs();

  // what was counted (units.cpp)
  void note_size(const wire::LinkItem& sent);
  void note_values(const storage::Train& train);
  void check_units(const std::vector<testing::OpenedRow>& rows);
  void check_changes();
  void count_occasions(const storage::StoredChange& change, const copies::ChangeRecord& record);
  std::optional<Units> due_for_change(const storage::StoredChange& change,
                                      const copies::ChangeRecord& record) const;

  std::uint64_t seed_;
  SeededRandom random_;
  Universe universe_;
  client::ReceiptCheck receipts_;
  Timestamp now_ = kStart;
  Timestamp faults_end_;
  struct Scheduled {
    Timestamp at;
    std::uint64_t order;
    std::function<void()> run;
    bool operator>(const Scheduled& other) const {
      return std::pair(at, order) > std::pair(other.at, other.order);
    }
  };
  std::priority_queue<Scheduled, std::vector<Scheduled>, std::greater<>> agenda_;
  std::uint64_t order_ = 0;
  std::map<std::string, Timestamp, std::less<>> last_delivery_;

  storage::MemoryStore store_;
  std::vector<NodeProcess> nodes_;
  std::vector<std::size_t> node_of_town_;
  std::unique_ptr<gateway::GatewayCore> gateway_;
  std::unique_ptr<SeededRandom> national_random_;
  std::unique_ptr<national::NationalCore> national_;
  std::uint64_t national_incarnation_ = 0;
  std::optional<Timestamp> national_due_at_;
  std::map<Digest, std::set<std::size_t>> refusals_;  // by request, bytes of the core's word
  std::set<std::size_t> notices_;                     // bytes of notices of symbols
  std::map<ExchangeId, std::size_t> values_;          // by change, bytes of its sealed value
  std::map<ExchangeId, std::vector<copies::Flag>> flags_left_;  // by change of flags
  std::map<ExchangeId, Universe::Registered> copies_left_;      // by change of a copy
  std::map<ExchangeId, copies::AnswerMode> modes_left_;         // by change of a setting
  std::optional<Timestamp> violated_at_;  // when the core system was told of violations
  std::vector<FullLoad> loads_;
  std::uint64_t datasets_ = 1;
  std::map<RequestKey, Loading> loading_;
  bool have_moved_;  ///< whom wishes are about, without the provider's knowing
  std::array<Wish, kTowns> wishes_ = {};
  std::map<RequestKey, std::size_t> wishing_;     // town by request
  std::map<RequestKey, std::size_t> correcting_;  // asking town by request
  std::set<std::size_t> wish_sizes_;              // bytes of wishes that have left
  std::vector<Merge> merges_;
  std::map<RequestKey, std::pair<std::size_t, std::size_t>> finding_;     // merge and side
  std::map<RequestKey, std::pair<std::size_t, AddressNumber>> flagging_;  // merge and former
  std::vector<national::IssuedSymbol> issued_;  // on the national system's disk
  std::vector<Acquisition> acquisitions_;
  std::map<RequestKey, std::size_t> acquiring_;  // person by request
  std::vector<Asked> asked_;
  std::vector<std::uint64_t> connections_;
  RunResult result_;
};

template <class Answer>
Answer World::answer_of(std::size_t institution, wire::AdminCommand command) {
  const wire::AdminRequest request{.key = make_request_key(now_, random_),
                                   .institution = universe_.institution(institution),
                                   .who = {},
                                   .why = {},
                                   .command = std::move(command)};
  tenant_vm::NodeCore& node = *nodes_[node_of_town_[Universe::town_of(institution)]].core;
  const auto actions =
      node.on(tenant_vm::AdminRequestsArrived{{kStaffClients + institution},
                                              {static_cast<std::uint32_t>(institution + 1)},
                                              {{request.key, request}}},
              now_);
  for (const tenant_vm::Action& action : actions) {
    const auto* const reply = std::get_if<tenant_vm::SendAdminReply>(&action);
    if (reply == nullptr || reply->reply.key != request.key || !reply->reply.answer) continue;
    return std::get<Answer>(*reply->reply.answer);
  }
  return {};
}

}  // namespace nakadachi::sim
