#include "admin_fields.hpp"
#include "codec.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/wire/admin_frame.hpp"
#include "subject_fields.hpp"

namespace nakadachi::wire {
namespace {

constexpr std::uint32_t kReplyVersion = 1;
constexpr std::size_t kMostListed = 4'096;

void put(const Done& from, v1::AdminReplyFrame& to) { to.mutable_done()->set_count(from.count); }

std::optional<AdminAnswer> read(const v1::Done& from, FieldReader& reader) {
  reader.require(from.has_count(), "count");
  return Done{from.count()};
}

void put(const CopiesRefused& from, v1::AdminReplyFrame& to) {
  v1::CopiesRefused& made = *to.mutable_refused();
  made.set_code(static_cast<std::uint32_t>(from.code));
  for (const copies::Finding& finding : from.findings) {
    v1::CopyFault& fault = *made.add_faults();
    fault.set_item(finding.item);
    if (!finding.name.empty()) fault.set_name(finding.name);
    fault.set_fault(static_cast<std::uint32_t>(finding.fault));
  }
}

std::optional<AdminAnswer> read(const v1::CopiesRefused& from, FieldReader& reader) {
  CopiesRefused made;
  reader.error_code(NAKADACHI_FIELD(from, code), made.code);
  for (const v1::CopyFault& fault : from.faults()) {
    copies::Finding& one = made.findings.emplace_back();
    reader.small(NAKADACHI_FIELD(fault, item), one.item);
    one.name = fault.name();
    if (!reader.require(fault.has_fault(), "fault")) break;
    if (fault.fault() > static_cast<std::uint32_t>(copies::kLastFault)) {
      reader.fail(ErrorCode::kUnknownEnumValue, "fault");
      break;
    }
    one.fault = static_cast<copies::Fault>(fault.fault());
  }
  return made;
}

void put(const AcquisitionUnderWay& from, v1::AdminReplyFrame& to) {
  to.mutable_acquisition()->set_number(from.number);
  to.mutable_acquisition()->set_valid_until(from.valid_until.ms);
}

std::optional<AdminAnswer> read(const v1::AcquisitionUnderWay& from, FieldReader& reader) {
  AcquisitionUnderWay made;
  if (reader.require(from.has_number(), "number")) made.number = from.number();
  reader.time(NAKADACHI_FIELD(from, valid_until), made.valid_until);
  return made;
}

void put(const PersonPut& from, v1::AdminReplyFrame& to) {
  to.mutable_person_put()->set_number(from.number.reveal());
}

std::optional<AdminAnswer> read(const v1::PersonPut& from, FieldReader& reader) {
  const auto number = read_person_number(NAKADACHI_FIELD(from, number), reader);
  if (!number) return std::nullopt;
  return PersonPut{*number};
}

void put(const HeldRequests& from, v1::AdminReplyFrame& to) {
  v1::HeldRequests& list = *to.mutable_held();
  for (const HeldRequest& held : from.requests) {
    v1::HeldRequest& made = *list.add_requests();
    NAKADACHI_PUT(made, request, held.request.view());
    put_subject(held.subject, *made.mutable_subject());
    made.set_legal_item(held.legal_item);
    made.set_person(held.person.reveal());
    made.set_asked_at(held.asked_at.ms);
    made.set_valid_until(held.valid_until.ms);
  }
  if (from.more) list.set_more(true);
}

std::optional<AdminAnswer> read(const v1::HeldRequests& from, FieldReader& reader) {
  HeldRequests made;
  made.requests.reserve(static_cast<std::size_t>(from.requests_size()));
  for (const v1::HeldRequest& held : from.requests()) {
    ExchangeId request;
    exchange::Subject subject;
    std::uint16_t legal_item = 0;
    Timestamp asked_at;
    Timestamp valid_until;
    reader.fixed(NAKADACHI_FIELD(held, request), request);
    read_subject(held.has_subject(), held.subject(), reader, subject);
    reader.small(NAKADACHI_FIELD(held, legal_item), legal_item);
    const auto person = read_person_number(NAKADACHI_FIELD(held, person), reader);
    reader.time(NAKADACHI_FIELD(held, asked_at), asked_at);
    reader.time(NAKADACHI_FIELD(held, valid_until), valid_until);
    if (reader.failed() || !person) return std::nullopt;
    made.requests.push_back(
        {request, std::move(subject), legal_item, *person, asked_at, valid_until});
  }
  made.more = from.more();
  return made;
}

void put(const CopyCounts& from, v1::AdminReplyFrame& to) {
  v1::CopyCounts& list = *to.mutable_copies();
  for (const CopyCount& count : from.counts) {
    v1::CopyCount& made = *list.add_counts();
    made.set_kind(count.kind.number());
    made.set_dataset(count.dataset);
    made.set_copies(count.copies);
  }
}

std::optional<AdminAnswer> read(const v1::CopyCounts& from, FieldReader& reader) {
  CopyCounts made;
  for (const v1::CopyCount& count : from.counts()) {
    CopyCount& one = made.counts.emplace_back();
    reader.code(NAKADACHI_FIELD(count, kind), one.kind);
    reader.require(count.has_dataset(), "dataset");
    reader.require(count.has_copies(), "copies");
    one.dataset = count.dataset();
    one.copies = count.copies();
  }
  return made;
}

void put(const SymbolCounts& from, v1::AdminReplyFrame& to) {
  to.mutable_symbols()->set_bound(from.bound);
  to.mutable_symbols()->set_under_way(from.under_way);
}

std::optional<AdminAnswer> read(const v1::SymbolCounts& from, FieldReader& reader) {
  reader.require(from.has_bound(), "bound");
  reader.require(from.has_under_way(), "under_way");
  return SymbolCounts{from.bound(), from.under_way()};
}

void put(const SymbolShown& from, v1::AdminReplyFrame& to) {
  v1::SymbolShown& made = *to.mutable_symbol_shown();
  if (from.person) made.set_person(from.person->reveal());
  made.set_bound(from.bound);
  if (from.under_way_until) made.set_under_way_until(from.under_way_until->ms);
}

std::optional<AdminAnswer> read(const v1::SymbolShown& from, FieldReader& reader) {
  SymbolShown made;
  if (from.has_person()) made.person = read_person_number(NAKADACHI_FIELD(from, person), reader);
  reader.require(from.has_bound(), "bound");
  made.bound = from.bound();
  if (from.has_under_way_until()) {
    reader.time(NAKADACHI_FIELD(from, under_way_until), made.under_way_until.emplace());
  }
  return made;
}

void put(const Acquisitions& from, v1::AdminReplyFrame& to) {
  v1::Acquisitions& page = *to.mutable_acquisitions();
  for (const Acquisition& one : from.acquisitions) {
    v1::Acquisition& made = *page.add_acquisitions();
    made.set_person(one.person.reveal());
    made.set_valid_until(one.valid_until.ms);
  }
  if (from.next) page.set_next(from.next->reveal());
}

std::optional<AdminAnswer> read(const v1::Acquisitions& from, FieldReader& reader) {
  Acquisitions made;
  for (const v1::Acquisition& one : from.acquisitions()) {
    const auto person = read_person_number(NAKADACHI_FIELD(one, person), reader);
    if (!person) return std::nullopt;
    Timestamp valid_until;
    reader.time(NAKADACHI_FIELD(one, valid_until), valid_until);
    made.acquisitions.push_back({*person, valid_until});
  }
  if (from.has_next()) made.next = read_person_number(NAKADACHI_FIELD(from, next), reader);
  return made;
}

void put(const Flags& from, v1::AdminReplyFrame& to) {
  to.mutable_flags();
  for (const copies::Flag& flag : from.flags) put_flag(flag, *to.mutable_flags()->add_flags());
}

std::optional<AdminAnswer> read(const v1::Flags& from, FieldReader& reader) {
  Flags made;
  for (const v1::Flag& flag : from.flags()) read_flag(flag, reader, made.flags.emplace_back());
  return made;
}

void put(const FlagPage& from, v1::AdminReplyFrame& to) {
  v1::FlagPage& page = *to.mutable_flag_page();
  for (const FlagPage::OfPerson& person : from.persons) {
    v1::FlagsOfPerson& made = *page.add_persons();
    made.set_person(person.person.reveal());
    for (const copies::Flag& flag : person.flags) put_flag(flag, *made.add_flags());
  }
  if (from.next) NAKADACHI_PUT(page, next, from.next->view());
}

std::optional<AdminAnswer> read(const v1::FlagPage& from, FieldReader& reader) {
  FlagPage made;
  for (const v1::FlagsOfPerson& of : from.persons()) {
    const auto person = read_person_number(NAKADACHI_FIELD(of, person), reader);
    if (!person) return std::nullopt;
    FlagPage::OfPerson& one = made.persons.emplace_back(FlagPage::OfPerson{*person, {}});
    for (const v1::Flag& flag : of.flags()) read_flag(flag, reader, one.flags.emplace_back());
  }
  if (from.has_next()) reader.fixed(NAKADACHI_FIELD(from, next), made.next.emplace());
  return made;
}

void put(const AnswerModes& from, v1::AdminReplyFrame& to) {
  v1::AnswerModes& list = *to.mutable_answer_modes();
  for (const auto& [kind, mode] : from.modes) {
    v1::AnswerMode& made = *list.add_modes();
    made.set_kind(kind.number());
    made.set_mode(static_cast<std::uint32_t>(mode));
  }
}

std::optional<AdminAnswer> read(const v1::AnswerModes& from, FieldReader& reader) {
  AnswerModes made;
  for (const v1::AnswerMode& of : from.modes()) {
    auto& [kind, mode] = made.modes.emplace_back();
    reader.code(NAKADACHI_FIELD(of, kind), kind);
    reader.one_of(NAKADACHI_FIELD(of, mode), copies::AnswerMode::kApproval, mode);
  }
  return made;
}

void put(const Persons& from, v1::AdminReplyFrame& to) {
  to.mutable_persons();
  for (const symbols::PersonRecord& person : from.persons) {
    v1::Person& made = *to.mutable_persons()->add_persons();
    made.set_number(person.number.reveal());
    put_items(person.items, *made.mutable_items());
    for (const auto& number : person.business) put_business(number, *made.add_business());
    for (const AddressNumber& alias : person.aliases) made.add_aliases(alias.reveal());
  }
}

std::optional<AdminAnswer> read(const v1::Persons& from, FieldReader& reader) {
  Persons made;
  made.persons.reserve(static_cast<std::size_t>(from.persons_size()));
  for (const v1::Person& person : from.persons()) {
    const auto number = read_person_number(NAKADACHI_FIELD(person, number), reader);
    auto items = read_items(person.has_items(), person.items(), reader);
    auto business = read_business_numbers(person.business(), reader);
    std::vector<AddressNumber> aliases;
    for (const std::uint64_t alias : person.aliases()) {
      if (const auto read = read_person_number(true, alias, "aliases", reader)) {
        aliases.push_back(*read);
      }
    }
    if (reader.failed() || !number || !items) return std::nullopt;
    made.persons.push_back({*number, *std::move(items), std::move(business), std::move(aliases)});
  }
  return made;
}

void put(const AcquisitionWishes& from, v1::AdminReplyFrame& to) {
  to.mutable_wishes();
  for (const AcquisitionWish& wish : from.wishes) {
    v1::AcquisitionWish& made = *to.mutable_wishes()->add_wishes();
    made.set_asker(wish.asker.number());
    put_four_items(wish.person, *made.mutable_person());
    for (const AddressNumber& person : wish.candidates) made.add_candidates(person.reveal());
    made.set_begun(wish.begun);
    made.set_asked_at(wish.asked_at.ms);
  }
}

std::optional<AdminAnswer> read(const v1::AcquisitionWishes& from, FieldReader& reader) {
  AcquisitionWishes made;
  for (const v1::AcquisitionWish& wish : from.wishes()) {
    InstitutionCode asker;
    Timestamp asked_at;
    reader.code(NAKADACHI_FIELD(wish, asker), asker);
    auto items = read_items(wish.has_person(), wish.person(), reader);
    reader.require(wish.has_begun(), "begun");
    reader.time(NAKADACHI_FIELD(wish, asked_at), asked_at);
    std::vector<AddressNumber> candidates;
    for (const std::uint64_t person : wish.candidates()) {
      if (const auto read = read_person_number(true, person, "candidates", reader)) {
        candidates.push_back(*read);
      }
    }
    if (reader.failed() || !items) return std::nullopt;
    made.wishes.push_back(
        {asker, std::move(items->four), std::move(candidates), wish.begun(), asked_at});
  }
  return made;
}

void put(const TenantStates& from, v1::AdminReplyFrame& to) {
  to.mutable_tenants();
  for (const TenantState& tenant : from.tenants) {
    v1::TenantState& made = *to.mutable_tenants()->add_tenants();
    made.set_tenant(tenant.tenant.value);
    made.set_lane(tenant.lane.value);
    made.set_queued(tenant.queued);
    made.set_in_flight(tenant.in_flight);
    made.set_held(tenant.held);
    made.set_copies(tenant.copies);
    made.set_symbols(tenant.symbols);
  }
}

std::optional<AdminAnswer> read(const v1::TenantStates& from, FieldReader& reader) {
  TenantStates made;
  for (const v1::TenantState& tenant : from.tenants()) {
    TenantState& one = made.tenants.emplace_back();
    if (reader.require(tenant.has_tenant(), "tenant")) one.tenant.value = tenant.tenant();
    reader.small(NAKADACHI_FIELD(tenant, lane), one.lane.value);
    one.queued = tenant.queued();
    one.in_flight = tenant.in_flight();
    one.held = tenant.held();
    one.copies = tenant.copies();
    one.symbols = tenant.symbols();
  }
  return made;
}

void put(const InstitutionStates& from, v1::AdminReplyFrame& to) {
  to.mutable_institutions();
  for (const InstitutionState& institution : from.institutions) {
    v1::InstitutionState& made = *to.mutable_institutions()->add_institutions();
    made.set_institution(institution.institution.number());
    made.set_tenant(institution.tenant.value);
    made.set_copies(institution.copies);
    made.set_symbols(institution.symbols);
    made.set_delegated_until(institution.delegated_until.ms);
  }
}

std::optional<AdminAnswer> read(const v1::InstitutionStates& from, FieldReader& reader) {
  InstitutionStates made;
  for (const v1::InstitutionState& institution : from.institutions()) {
    InstitutionState& one = made.institutions.emplace_back();
    reader.code(NAKADACHI_FIELD(institution, institution), one.institution);
    if (reader.require(institution.has_tenant(), "tenant")) one.tenant.value = institution.tenant();
    one.copies = institution.copies();
    one.symbols = institution.symbols();
    reader.time(NAKADACHI_FIELD(institution, delegated_until), one.delegated_until);
  }
  return made;
}

std::optional<AdminAnswer> read_answer(const v1::AdminReplyFrame& from, FieldReader& reader) {
  switch (from.answer_case()) {
    case v1::AdminReplyFrame::kDone:
      return read(from.done(), reader);
    case v1::AdminReplyFrame::kAcquisition:
      return read(from.acquisition(), reader);
    case v1::AdminReplyFrame::kPersonPut:
      return read(from.person_put(), reader);
    case v1::AdminReplyFrame::kHeld:
      return read(from.held(), reader);
    case v1::AdminReplyFrame::kCopies:
      return read(from.copies(), reader);
    case v1::AdminReplyFrame::kSymbols:
      return read(from.symbols(), reader);
    case v1::AdminReplyFrame::kFlags:
      return read(from.flags(), reader);
    case v1::AdminReplyFrame::kPersons:
      return read(from.persons(), reader);
    case v1::AdminReplyFrame::kWishes:
      return read(from.wishes(), reader);
    case v1::AdminReplyFrame::kTenants:
      return read(from.tenants(), reader);
    case v1::AdminReplyFrame::kInstitutions:
      return read(from.institutions(), reader);
    case v1::AdminReplyFrame::kRefused:
      return read(from.refused(), reader);
    case v1::AdminReplyFrame::kFlagPage:
      return read(from.flag_page(), reader);
    case v1::AdminReplyFrame::kAnswerModes:
      return read(from.answer_modes(), reader);
    case v1::AdminReplyFrame::kSymbolShown:
      return read(from.symbol_shown(), reader);
    case v1::AdminReplyFrame::kAcquisitions:
      return read(from.acquisitions(), reader);
    case v1::AdminReplyFrame::kError:
    case v1::AdminReplyFrame::ANSWER_NOT_SET:
      break;
  }
  reader.fail(ErrorCode::kMissingField, "answer");
  return std::nullopt;
}

Bytes encode_error(const Error& error, const RequestKey* key) {
  ArenaScope scope;
  auto& frame = scope.make<v1::AdminReplyFrame>();
  frame.set_version(kReplyVersion);
  if (key != nullptr) NAKADACHI_PUT(frame, key, key->view());
  frame.mutable_error()->set_code(static_cast<std::uint32_t>(error.code));
  return serialise(frame);
}

}  // namespace

Bytes encode_admin_reply(const AdminReply& reply) {
  if (!reply.answer) return encode_error(reply.answer.error(), &reply.key);
  ArenaScope scope;
  auto& frame = scope.make<v1::AdminReplyFrame>();
  frame.set_version(kReplyVersion);
  NAKADACHI_PUT(frame, key, reply.key.view());
  std::visit([&frame](const auto& answer) { put(answer, frame); }, *reply.answer);
  Bytes bytes = serialise(frame);
  // Lists are bounded so that they fit; personal texts of the greatest length may not.
  if (bytes.size() > limits::kMaxClientFrameBytes) {
    return encode_error({.code = ErrorCode::kOversize}, &reply.key);
  }
  return bytes;
}

Bytes encode_admin_frame_error(const Error& error) { return encode_error(error, nullptr); }

Result<AdminReplyFrame> decode_admin_reply(ByteView frame) {
  if (frame.size() > limits::kMaxClientFrameBytes) return ErrorCode::kOversize;
  static const Shape shape(*v1::AdminReplyFrame::descriptor(), kMostListed);
  ArenaScope scope;
  auto& opened = scope.make<v1::AdminReplyFrame>();
  NAKADACHI_CHECK(parse(frame, shape, opened));
  if (opened.version() != kReplyVersion) {
    return Error{.code = ErrorCode::kUnsupportedVersion, .field = "version"};
  }
  FieldReader reader;
  AdminReplyFrame decoded;
  Error error;
  std::optional<AdminAnswer> answer;
  if (opened.has_error()) {
    reader.error_code(NAKADACHI_FIELD(opened.error(), code), error.code);
  } else {
    answer = read_answer(opened, reader);
  }
  RequestKey key;
  if (answer || opened.has_key()) reader.fixed(NAKADACHI_FIELD(opened, key), key);
  if (reader.failed()) return reader.error();
  if (answer) {
    decoded.reply = AdminReply{key, *std::move(answer)};
  } else if (opened.has_key()) {
    decoded.reply = AdminReply{key, std::move(error)};
  } else {
    decoded.frame_error = std::move(error);
  }
  return decoded;
}

}  // namespace nakadachi::wire
