#include "interface_link/client/src/ask_book.hpp"

#include <map>
#include <string>

#include "nakadachi/base/limits.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::client {
namespace {

using exchange::Query;
using exchange::Reply;

constexpr Timestamp kNever{1'000'000'000};

/// A book with its clock, what was settled, and the node's side of frames.
class Desk {
 public:
  explicit Desk(const AskTiming& timing = {.ask_again_after_ms = 1'000, .ask_again_most_ms = 8'000},
                AskBook::Check check = nullptr)
      : book(timing, random, std::move(check), [this] { ++settled; }) {}

  Query query(std::uint8_t number, const std::string& section = "") {
    Query made{
        RequestKey(std::array<std::uint8_t, 16>{number}), *AddressNumber::from_number(number), {}};
    made.subject.section = section;
    return made;
  }

  void ask(const Query& asked, Timestamp give_up_at = kNever) {
    book.ask(asked, give_up_at, [this, key = asked.key](Result<Reply> result) {
      results[key].push_back(std::move(result));
    });
  }

  /// The keys (their first byte) of the next frame, which then counts as sent.
  std::vector<int> send() {
    std::vector<int> numbers;
    const auto frame = book.next_frame(now);
    if (!frame) return numbers;
    const auto queries = wire::decode_query_frame(*frame);
    REQUIRE(queries.ok());
    for (const auto& query : queries->queries) numbers.push_back(query.key.view()[0]);
    REQUIRE(book.frame_sent(now) == numbers.size());
    return numbers;
  }

  void reply(const Query& query, ErrorCode code, std::uint32_t retry_after_ms = 0) {
    Reply made{.key = query.key};
    made.code = code;
    made.retry_after_ms = retry_after_ms;
    book.on_replies({{made}, {}}, now);
  }
  void conclude(const Query& query) {
    Reply made{.key = query.key};
    made.concluded = true;
    made.outcome = exchange::Outcome::kAnswered;
    made.answer = {1, 2, 3};
    book.on_replies({{made}, {}}, now);
  }

  /// Lets time pass until the book wants something; tells how long that was.
  std::int64_t wait() {
    const auto due = book.deadline();
    REQUIRE(due.has_value());
    const std::int64_t passed = *due - now;
    now = *due;
    book.on_deadline(now);
    return passed;
  }

  /// The only result of the query.
  Result<Reply> result(const Query& query) {
    REQUIRE(results[query.key].size() == 1);
    return results[query.key][0];
  }

  SeededRandom random{1};
  Timestamp now{5'000};
  int settled = 0;
  std::map<RequestKey, std::vector<Result<Reply>>> results;
  AskBook book;
};

bool is_between(std::int64_t value, std::int64_t least, std::int64_t greatest) {
  return value >= least && value <= greatest;
}

}  // namespace

TEST_CASE("ask book: queries leave in order, as many as a frame takes") {
  Desk desk;
  std::size_t sent = 0;
  for (std::size_t i = 0; i < limits::kMaxQueriesPerFrame + 10; ++i) {
    std::array<std::uint8_t, 16> key{};
    key[0] = static_cast<std::uint8_t>(i % 256);
    key[1] = static_cast<std::uint8_t>(i / 256);
    desk.ask({RequestKey(key), *AddressNumber::from_number(1), {}});
  }
  const auto first = desk.send();
  REQUIRE(first.size() == limits::kMaxQueriesPerFrame);
  for (const int number : first) CHECK(number == static_cast<int>(sent++));
  CHECK(desk.send().size() == 10);
  CHECK(desk.send().empty());
}

TEST_CASE("ask book: a frame that did not leave is offered again") {
  Desk desk;
  desk.ask(desk.query(1));
  REQUIRE(desk.book.next_frame(desk.now).has_value());
  desk.ask(desk.query(2));
  CHECK(desk.send() == std::vector<int>{1, 2});
}

TEST_CASE("ask book: an outcome that is not believed settles with the reason") {
  Desk desk({}, [](const Query& query, const Reply& reply) -> Result<void> {
    CHECK(query.key == reply.key);
    if (query.person == *AddressNumber::from_number(1)) return {};
    return Error{.code = ErrorCode::kNotInLog, .field = "log_path"};
  });
  const Query believed = desk.query(1);
  const Query disbelieved = desk.query(2);
  desk.ask(believed);
  desk.ask(disbelieved);
  desk.send();
  desk.conclude(believed);
  desk.conclude(disbelieved);
  CHECK(desk.result(believed).ok());
  CHECK(desk.result(disbelieved).error().code == ErrorCode::kNotInLog);
  CHECK(desk.book.counts().receipts_refused == 1);
  CHECK(desk.book.size() == 0);
}

TEST_CASE("ask book: a concluded reply settles once, a second one is counted") {
  Desk desk;
  const Query query = desk.query(1);
  desk.ask(query);
  desk.send();
  desk.conclude(query);
  desk.conclude(query);
  const auto result = desk.result(query);
  REQUIRE(result.ok());
  CHECK(result->answer == Bytes{1, 2, 3});
  CHECK(desk.book.counts().replies == 1);
  CHECK(desk.book.counts().unknown_replies == 1);
  CHECK(desk.settled == 1);
  CHECK(desk.book.size() == 0);
  CHECK_FALSE(desk.book.deadline().has_value());
}

TEST_CASE("ask book: without a reply the same query is asked again after growing pauses") {
  Desk desk;
  const Query query = desk.query(1);
  desk.ask(query);
  for (const std::int64_t pause : {1'000, 2'000, 4'000, 8'000, 8'000, 8'000}) {
    REQUIRE(desk.send() == std::vector<int>{1});
    CHECK(is_between(desk.wait(), pause, pause + pause / 4));
  }
  desk.send();
  CHECK(desk.book.counts().asked_again == 6);
  desk.conclude(query);
  CHECK(desk.result(query).ok());
}

TEST_CASE("ask book: the node's wish when to be asked again is kept") {
  Desk desk;
  const Query query = desk.query(1);
  desk.ask(query);
  for (const std::uint32_t wish : {40U, 7'000U, 60'000U}) {
    REQUIRE(desk.send() == std::vector<int>{1});
    desk.reply(query, ErrorCode::kQueueFull, wish);
    CHECK(desk.send().empty());
    CHECK(is_between(desk.wait(), wish, wish + wish / 4));
  }
  CHECK(desk.send() == std::vector<int>{1});
  CHECK(desk.settled == 0);
}

TEST_CASE("ask book: without a wish the node is left alone for a growing pause") {
  Desk desk;
  const Query query = desk.query(1);
  desk.ask(query);
  for (const std::int64_t pause : {1'000, 2'000, 4'000}) {
    REQUIRE(desk.send() == std::vector<int>{1});
    desk.reply(query, ErrorCode::kOutcomeUnknown);
    CHECK(is_between(desk.wait(), pause, pause + pause / 4));
  }
}

TEST_CASE("ask book: a final word of the node settles the query") {
  for (const ErrorCode code : {ErrorCode::kInstitutionNotAllowed, ErrorCode::kNoLongerKept,
                               ErrorCode::kSameKeyOtherContent, ErrorCode::kClockSkew}) {
    Desk desk;
    const Query query = desk.query(1);
    desk.ask(query);
    desk.send();
    desk.reply(query, code);
    const auto result = desk.result(query);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == code);
  }
}

TEST_CASE("ask book: after a reconnect what awaits is asked again, what rests is not") {
  Desk desk;
  const Query lost = desk.query(2);
  const Query older = desk.query(1);
  const Query resting = desk.query(3);
  for (const Query& query : {lost, older, resting}) desk.ask(query);
  desk.send();
  desk.reply(resting, ErrorCode::kClosedHours, 30'000);
  desk.book.on_connected();
  CHECK(desk.send() == std::vector<int>{1, 2});
  CHECK(desk.send().empty());
  desk.conclude(older);
  desk.conclude(lost);
  desk.wait();
  CHECK(desk.send() == std::vector<int>{3});
}

TEST_CASE("ask book: when patience is over, the error tells what is known") {
  struct Row {
    std::string name;
    std::function<void(Desk&, const Query&)> happens;
    ErrorCode expected;
  };
  const auto until_given_up = [](Desk& desk) {
    while (desk.settled == 0) desk.wait();
  };
  const std::vector<Row> rows = {
      {"never sent", [](Desk&, const Query&) {}, ErrorCode::kLinkDown},
      {"no reply", [](Desk& desk, const Query&) { desk.send(); }, ErrorCode::kOutcomeUnknown},
      {"turned away",
       [](Desk& desk, const Query& query) {
         desk.send();
         desk.reply(query, ErrorCode::kClosedHours, 900'000);
       },
       ErrorCode::kClosedHours},
      {"turned away each time",
       [](Desk& desk, const Query& query) {
         for (int i = 0; i < 3; ++i) {
           desk.send();
           desk.reply(query, ErrorCode::kRateLimited, 10);
           desk.wait();
         }
       },
       ErrorCode::kRateLimited},
      {"lost once, then turned away",
       [](Desk& desk, const Query& query) {
         desk.send();
         desk.wait();
         desk.send();
         desk.reply(query, ErrorCode::kQueueFull, 900'000);
       },
       ErrorCode::kOutcomeUnknown},
      {"turned away twice on one sending, another lost",
       [](Desk& desk, const Query& query) {
         desk.send();
         desk.wait();
         desk.send();
         desk.reply(query, ErrorCode::kQueueFull, 900'000);
         desk.reply(query, ErrorCode::kQueueFull, 900'000);
       },
       ErrorCode::kOutcomeUnknown},
      {"held, and no word since",
       [](Desk& desk, const Query& query) {
         desk.send();
         desk.reply(query, ErrorCode::kHeld, 10);
         desk.wait();
         desk.send();
       },
       ErrorCode::kHeld},
      {"the node does not know either",
       [](Desk& desk, const Query& query) {
         desk.send();
         desk.reply(query, ErrorCode::kCommitUnknown, 900'000);
       },
       ErrorCode::kOutcomeUnknown}};
  for (const Row& row : rows) {
    INFO(row.name);
    Desk desk;
    const Query query = desk.query(1);
    desk.ask(query, desk.now + 60'000);
    row.happens(desk, query);
    until_given_up(desk);
    CHECK(desk.now - Timestamp{5'000} >= 60'000);
    const auto result = desk.result(query);
    REQUIRE_FALSE(result.ok());
    CHECK(text_of(result.error().code).name == text_of(row.expected).name);
    CHECK(desk.book.size() == 0);
  }
}

TEST_CASE("ask book: the same query twice shares one fate, each with its own patience") {
  Desk desk;
  const Query query = desk.query(1);
  desk.ask(query, desk.now + 500);
  desk.ask(query, kNever);
  CHECK(desk.send() == std::vector<int>{1});
  CHECK(desk.wait() == 500);
  REQUIRE(desk.results[query.key].size() == 1);
  CHECK(desk.results[query.key][0].error().code == ErrorCode::kOutcomeUnknown);
  desk.conclude(query);
  REQUIRE(desk.results[query.key].size() == 2);
  CHECK(desk.results[query.key][1].ok());
}

TEST_CASE("ask book: a key in flight is not lent to another question") {
  Desk desk;
  desk.ask(desk.query(1, "福祉課"));
  desk.ask(desk.query(1, "税務課"));
  CHECK(desk.result(desk.query(1)).error().code == ErrorCode::kSameKeyOtherContent);
  CHECK(desk.book.size() == 1);
}

TEST_CASE("ask book: a key may be asked again after it was given up, and is sent once") {
  Desk desk;
  const Query query = desk.query(1);
  desk.ask(query, desk.now + 100);  // never sent, still stands in the line
  desk.wait();
  desk.ask(query);
  CHECK(desk.send() == std::vector<int>{1});
  CHECK(desk.send().empty());
  desk.conclude(query);
  CHECK(desk.results[query.key].back().ok());
}

TEST_CASE("ask book: a frame that was not taken holds the next ones back, ever longer") {
  Desk desk({.ask_again_after_ms = 60'000, .ask_again_most_ms = 60'000});
  desk.ask(desk.query(1));
  desk.send();
  for (const std::int64_t pause : {250, 500, 1'000}) {
    desk.book.on_replies({{}, {{.code = ErrorCode::kRateLimited}}}, desk.now);
    desk.ask(desk.query(static_cast<std::uint8_t>(pause / 250 + 1)));
    CHECK(desk.send().empty());
    CHECK(is_between(desk.wait(), pause, pause + pause / 4));
    CHECK(desk.send().size() == 1);
  }
  CHECK(desk.book.counts().frames_refused == 3);
  CHECK(desk.settled == 0);
  desk.conclude(desk.query(1));  // the node takes frames again
  desk.book.on_replies({{}, {{.code = ErrorCode::kRateLimited}}}, desk.now);
  CHECK(is_between(desk.wait(), 250, 312));
}

TEST_CASE("ask book: a frame refused for good holds nothing back and settles nothing") {
  Desk desk;
  desk.ask(desk.query(1));
  desk.send();
  desk.book.on_replies({{}, {{.code = ErrorCode::kMalformedFrame}}}, desk.now);
  desk.ask(desk.query(2));
  CHECK(desk.send() == std::vector<int>{2});
  CHECK(desk.settled == 0);
}

TEST_CASE("ask book: closing settles everything") {
  Desk desk;
  for (std::uint8_t i = 1; i <= 3; ++i) desk.ask(desk.query(i));
  desk.ask(desk.query(3));
  desk.send();
  desk.ask(desk.query(4));
  desk.book.close();
  CHECK(desk.settled == 5);
  for (std::uint8_t i = 1; i <= 4; ++i) {
    for (const auto& result : desk.results[desk.query(i).key]) {
      CHECK(result.error().code == ErrorCode::kShuttingDown);
    }
  }
  CHECK(desk.book.size() == 0);
}

TEST_CASE("ask book: whatever happens, each query is settled once and never forgotten") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    SeededRandom dice(seed);
    Desk desk;
    std::map<RequestKey, std::size_t> asked;
    std::map<int, Timestamp> not_before;
    for (int step = 0; step < 300; ++step) {
      const Query query = desk.query(static_cast<std::uint8_t>(dice.below(12)));
      switch (dice.below(7)) {
        case 0:
        case 1:
          ++asked[query.key];
          desk.ask(query, desk.now + static_cast<std::int64_t>(1 + dice.below(30'000)));
          break;
        case 2:
          for (const int number : desk.send()) {
            REQUIRE(desk.now >= not_before[number]);
            not_before[number] = {};
          }
          break;
        case 3:
          desk.conclude(query);
          not_before[query.key.view()[0]] = {};
          break;
        case 4: {
          const auto wish = static_cast<std::uint32_t>(1 + dice.below(20'000));
          desk.reply(query, ErrorCode::kQueueFull, wish);
          if (desk.results[query.key].size() < asked[query.key]) {
            not_before[query.key.view()[0]] = desk.now + wish;
          }
          break;
        }
        case 5:
          if (dice.chance(200)) desk.book.on_connected();
          break;
        default:
          desk.now = desk.now + static_cast<std::int64_t>(dice.below(3'000));
          desk.book.on_deadline(desk.now);
          // What was given up may be asked anew at once.
          for (const auto& [key, count] : asked) {
            if (desk.results[key].size() == count) not_before[key.view()[0]] = {};
          }
      }
      for (const auto& [key, count] : asked) REQUIRE(desk.results[key].size() <= count);
    }
    while (desk.book.size() > 0) desk.wait();
    for (const auto& [key, count] : asked) REQUIRE(desk.results[key].size() == count);
  }
}

}  // namespace nakadachi::client
