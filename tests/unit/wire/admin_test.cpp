#include <algorithm>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/wire/admin_frame.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/wire/samples.hpp"

namespace nakadachi::wire {
namespace {

AddressNumber person(std::uint64_t number) { return *AddressNumber::from_number(number); }
InformationKind kind() { return *InformationKind::parse("TM00000000000002"); }

symbols::FourItems four_items() {
  return {.name = *symbols::PersonName::parse("山田 花子"),
          .birth_date = *symbols::BirthDate::parse("1980-04-00"),
          .sex = symbols::Sex::kFemale,
          .home = *symbols::HomeAddress::parse("札幌市中央区1")};
}

symbols::PersonItems items() {
  return {.four = four_items(), .kana = *symbols::KanaName::parse("ヤマダ ハナコ")};
}

symbols::BusinessNumber business() { return *symbols::BusinessNumber::from_number({7}, 42); }

copies::Flag flag() {
  return {.sort = copies::FlagSort::kNonDisclosure, .kind = kind(), .period = {Day{-3}, Day{9}}};
}

std::vector<AdminCommand> one_of_each(SeededRandom& random) {
  symbols::AddressBook::Search search;
  search.name = four_items().name;
  search.birth_date = four_items().birth_date;
  search.spelling = symbols::AddressBook::Spelling::kExact;
  return {PutCopy{person(1), kind(), samples::bytes(random, 300)},
          EraseCopy{person(2), kind()},
          EraseCopy{person(2), kind(), 11},
          EndFullLoad{kind(), 12, 13},
          ChangeFlag{person(3), flag(), false},
          SetAnswerMode{kind(), copies::AnswerMode::kApproval},
          Acquire{person(4)},
          BindSymbol{person(5), *Symbol::from(samples::bytes(random, Symbol::kSize))},
          EndSymbol{person(22)},
          MoveSymbol{person(23), person(24)},
          Decide{random.make<ExchangeId>(), person(25), {}},
          Decide{random.make<ExchangeId>(), person(26), ErrorCode::kUnderCorrection},
          AskToAcquire{random.make<RequestKey>(), four_items()},
          PutPerson{{}, items(), {business()}},
          PutPerson{person(6), {four_items(), {}}, {}},
          MergePersons{person(7), person(8)},
          ListHeld{},
          ListHeld{HeldPlace{samples::time(random), random.make<ExchangeId>()}},
          CountCopies{},
          CountSymbols{},
          ShowFlags{person(9)},
          FindPersons{search},
          FindPersonByNumber{business()},
          ListPersons{},
          ListPersons{person(10)},
          ListAcquisitionRequests{},
          ListTenants{},
          ListFlags{},
          ListFlags{random.make<HoldingKey>()},
          ListAnswerModes{},
          ListAcquisitions{},
          ListAcquisitions{person(21)},
          ShowSymbol{person(18)},
          ShowSymbol{*Symbol::from(samples::bytes(random, Symbol::kSize))},
          ListInstitutions{},
          ListInstitutions{samples::institution(random)}};
}

AdminRequest request(SeededRandom& random, AdminCommand command) {
  return {.key = random.make<RequestKey>(),
          .institution = samples::institution(random),
          .who = "窓口",
          .why = "届出",
          .command = std::move(command)};
}

std::vector<AdminAnswer> answers(SeededRandom& random) {
  return {Done{3},
          FlagPage{{{person(16), {flag()}}, {person(17), {}}}, random.make<HoldingKey>()},
          FlagPage{},
          AnswerModes{{{kind(), copies::AnswerMode::kLive}}},
          CopiesRefused{ErrorCode::kRowConflict,
                        {{0, "", copies::Fault::kOlderLoad}, {9, "項目", copies::Fault::kMissing}}},
          AcquisitionUnderWay{1'234'567'890'123'456, samples::time(random)},
          PersonPut{person(11)},
          HeldRequests{{{random.make<ExchangeId>(), samples::subject(random), 48, person(12),
                         samples::time(random), samples::time(random)}},
                       true},
          HeldRequests{},
          CopyCounts{{{kind(), 4, 5}}},
          SymbolCounts{6, 7},
          SymbolShown{person(19), true, {}},
          SymbolShown{person(20), false, samples::time(random)},
          SymbolShown{},
          Acquisitions{{{person(22), samples::time(random)}}, person(23)},
          Acquisitions{},
          Flags{{flag(), {copies::FlagSort::kHeld, {}, {}}}},
          Persons{{{person(13), items(), {business()}, {person(14)}}}},
          AcquisitionWishes{{{samples::institution(random),
                              four_items(),
                              {person(15)},
                              true,
                              samples::time(random)}}},
          TenantStates{{{TenantId{11002}, LaneId{2}, 1, 2, 3, 4, 5}}},
          InstitutionStates{
              {{samples::institution(random), TenantId{11002}, 6, 7, samples::time(random)}}}};
}

}  // namespace

TEST_CASE("wire: every command of the admin door comes back as it was") {
  SeededRandom random(1);
  for (const AdminCommand& command : one_of_each(random)) {
    const AdminRequest made = request(random, command);
    const Bytes frame = encode_admin_requests({&made, 1});
    const auto read = decode_admin_requests(frame);
    REQUIRE(read.ok());
    REQUIRE(read->size() == 1);
    REQUIRE(read->at(0).request.ok());
    const AdminRequest& back = *read->at(0).request;
    CHECK(back.key == made.key);
    CHECK(back.institution == made.institution);
    CHECK(back.who == made.who);
    CHECK(back.why == made.why);
    CHECK(back.command.index() == made.command.index());
    CHECK(encode_admin_requests({&back, 1}) == frame);
  }
}

TEST_CASE("wire: every answer of the admin door comes back as it was, errors too") {
  SeededRandom random(2);
  for (const AdminAnswer& answer : answers(random)) {
    const AdminReply made{random.make<RequestKey>(), answer};
    const Bytes frame = encode_admin_reply(made);
    const auto read = decode_admin_reply(frame);
    REQUIRE(read.ok());
    REQUIRE(read->reply.has_value());
    CHECK(read->reply->key == made.key);
    REQUIRE(read->reply->answer.ok());
    CHECK(read->reply->answer->index() == answer.index());
    CHECK(encode_admin_reply(*read->reply) == frame);
  }
  const auto error = decode_admin_reply(
      encode_admin_reply({random.make<RequestKey>(), ErrorCode::kAlreadyAcquired}));
  CHECK(error->reply->answer.error().code == ErrorCode::kAlreadyAcquired);
  const auto of_frame =
      decode_admin_reply(encode_admin_frame_error({.code = ErrorCode::kOversize}));
  CHECK_FALSE(of_frame->reply.has_value());
  CHECK(of_frame->frame_error->code == ErrorCode::kOversize);
}

TEST_CASE("wire: what is wrong in an admin request is named, and spoils no neighbour") {
  SeededRandom random(3);
  const AdminRequest good = request(random, ListHeld{});
  AdminRequest refusing =
      request(random, Decide{random.make<ExchangeId>(), person(1), ErrorCode::kNoData});
  const std::vector<AdminRequest> requests = {good, refusing, good};
  const auto read = decode_admin_requests(encode_admin_requests(requests));
  REQUIRE(read.ok());
  CHECK(read->at(0).request.ok());
  CHECK(read->at(2).request.ok());
  REQUIRE_FALSE(read->at(1).request.ok());
  CHECK(read->at(1).request.error().code == ErrorCode::kUnknownEnumValue);
  CHECK(read->at(1).request.error().field == "refusal");
  CHECK(read->at(1).key == refusing.key);
}

TEST_CASE("wire: damaged admin frames bring no decoder down") {
  SeededRandom random(4);
  std::vector<Bytes> frames;
  for (const AdminCommand& command : one_of_each(random)) {
    const AdminRequest made = request(random, command);
    frames.push_back(encode_admin_requests({&made, 1}));
  }
  for (const AdminAnswer& answer : answers(random)) {
    frames.push_back(encode_admin_reply({random.make<RequestKey>(), answer}));
  }
  for (int round = 0; round < 60'000; ++round) {
    Bytes frame = frames[static_cast<std::size_t>(random.below(frames.size()))];
    for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
      frame[random.below(frame.size())] = static_cast<std::uint8_t>(random.next());
    }
    if (random.chance(200)) frame.resize(random.below(frame.size()));
    const auto requests = decode_admin_requests(frame);
    if (requests) {
      for (const DecodedAdminRequest& one : *requests) {
        if (one.request) REQUIRE_FALSE(encode_admin_requests({&*one.request, 1}).empty());
      }
    }
    const auto reply = decode_admin_reply(frame);
    if (reply && reply->reply) REQUIRE_FALSE(encode_admin_reply(*reply->reply).empty());
  }
}

}  // namespace nakadachi::wire
