#include "admin_fields.hpp"
#include "codec.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/wire/admin_frame.hpp"

namespace nakadachi::wire {
namespace {

constexpr std::uint32_t kRequestVersion = 1;

// One `put` and one `read` a command -------------------------------------------

void put(const PutCopy& from, v1::AdminRequest& to) {
  v1::PutCopy& made = *to.mutable_put_copy();
  made.set_person(from.person.reveal());
  made.set_kind(from.kind.number());
  NAKADACHI_PUT(made, content, from.content);
}

std::optional<PutCopy> read(const v1::PutCopy& from, FieldReader& reader) {
  const auto person = read_person_number(NAKADACHI_FIELD(from, person), reader);
  InformationKind kind;
  Bytes content;
  reader.code(NAKADACHI_FIELD(from, kind), kind);
  if (!reader.require(from.has_content(), "content")) return std::nullopt;
  reader.bytes(NAKADACHI_FIELD(from, content), limits::kMaxCopyBytes, content);
  if (!person) return std::nullopt;
  return PutCopy{*person, kind, std::move(content)};
}

void put(const EraseCopy& from, v1::AdminRequest& to) {
  to.mutable_erase_copy()->set_person(from.person.reveal());
  to.mutable_erase_copy()->set_kind(from.kind.number());
  if (from.dataset) to.mutable_erase_copy()->set_dataset(*from.dataset);
}

std::optional<EraseCopy> read(const v1::EraseCopy& from, FieldReader& reader) {
  const auto person = read_person_number(NAKADACHI_FIELD(from, person), reader);
  InformationKind kind;
  reader.code(NAKADACHI_FIELD(from, kind), kind);
  if (!person) return std::nullopt;
  EraseCopy made{*person, kind};
  if (from.has_dataset()) made.dataset = from.dataset();
  return made;
}

void put(const EndFullLoad& from, v1::AdminRequest& to) {
  to.mutable_end_full_load()->set_kind(from.kind.number());
  to.mutable_end_full_load()->set_dataset(from.dataset);
  to.mutable_end_full_load()->set_copies(from.copies);
}

std::optional<EndFullLoad> read(const v1::EndFullLoad& from, FieldReader& reader) {
  EndFullLoad made;
  reader.code(NAKADACHI_FIELD(from, kind), made.kind);
  if (reader.require(from.has_dataset(), "dataset")) made.dataset = from.dataset();
  if (reader.require(from.has_copies(), "copies")) made.copies = from.copies();
  return made;
}

void put(const ChangeFlag& from, v1::AdminRequest& to) {
  v1::ChangeFlag& made = *to.mutable_change_flag();
  made.set_person(from.person.reveal());
  put_flag(from.flag, *made.mutable_flag());
  made.set_set(from.set);
}

std::optional<ChangeFlag> read(const v1::ChangeFlag& from, FieldReader& reader) {
  const auto person = read_person_number(NAKADACHI_FIELD(from, person), reader);
  copies::Flag flag;
  if (reader.require(from.has_flag(), "flag")) read_flag(from.flag(), reader, flag);
  reader.require(from.has_set(), "set");
  if (!person) return std::nullopt;
  return ChangeFlag{*person, flag, from.set()};
}

void put(const SetAnswerMode& from, v1::AdminRequest& to) {
  to.mutable_set_answer_mode()->set_kind(from.kind.number());
  to.mutable_set_answer_mode()->set_mode(static_cast<std::uint32_t>(from.mode));
}

std::optional<SetAnswerMode> read(const v1::SetAnswerMode& from, FieldReader& reader) {
  SetAnswerMode made;
  reader.code(NAKADACHI_FIELD(from, kind), made.kind);
  reader.one_of(NAKADACHI_FIELD(from, mode), copies::AnswerMode::kApproval, made.mode);
  return made;
}

void put(const Acquire& from, v1::AdminRequest& to) {
  to.mutable_acquire()->set_person(from.person.reveal());
}

std::optional<Acquire> read(const v1::Acquire& from, FieldReader& reader) {
  const auto person = read_person_number(NAKADACHI_FIELD(from, person), reader);
  if (!person) return std::nullopt;
  return Acquire{*person};
}

void put(const BindSymbol& from, v1::AdminRequest& to) {
  to.mutable_bind_symbol()->set_person(from.person.reveal());
  NAKADACHI_PUT(*to.mutable_bind_symbol(), symbol, from.symbol.reveal());
}

std::optional<BindSymbol> read(const v1::BindSymbol& from, FieldReader& reader) {
  const auto person = read_person_number(NAKADACHI_FIELD(from, person), reader);
  if (!reader.require(from.has_symbol(), "symbol")) return std::nullopt;
  const auto symbol = Symbol::from(as_bytes(from.symbol()));
  if (!symbol) reader.fail(ErrorCode::kWrongLength, "symbol");
  if (!person || !symbol) return std::nullopt;
  return BindSymbol{*person, *symbol};
}

void put(const EndSymbol& from, v1::AdminRequest& to) {
  to.mutable_end_symbol()->set_person(from.person.reveal());
}

std::optional<EndSymbol> read(const v1::EndSymbol& from, FieldReader& reader) {
  const auto person = read_person_number(NAKADACHI_FIELD(from, person), reader);
  if (!person) return std::nullopt;
  return EndSymbol{*person};
}

void put(const MoveSymbol& from, v1::AdminRequest& to) {
  to.mutable_move_symbol()->set_from(from.from.reveal());
  to.mutable_move_symbol()->set_to(from.to.reveal());
}

std::optional<MoveSymbol> read(const v1::MoveSymbol& from, FieldReader& reader) {
  const auto holder = read_person_number(NAKADACHI_FIELD(from, from), reader);
  const auto person = read_person_number(NAKADACHI_FIELD(from, to), reader);
  if (!holder || !person) return std::nullopt;
  return MoveSymbol{*holder, *person};
}

void put(const Decide& from, v1::AdminRequest& to) {
  NAKADACHI_PUT(*to.mutable_decide(), request, from.request.view());
  to.mutable_decide()->set_person(from.person.reveal());
  if (from.refusal) to.mutable_decide()->set_refusal(static_cast<std::uint32_t>(*from.refusal));
}

std::optional<Decide> read(const v1::Decide& from, FieldReader& reader) {
  ExchangeId request;
  reader.fixed(NAKADACHI_FIELD(from, request), request);
  const auto person = read_person_number(NAKADACHI_FIELD(from, person), reader);
  if (!person) return std::nullopt;
  Decide made{.request = request, .person = *person, .refusal = {}};
  if (!from.has_refusal()) return made;
  ErrorCode refusal{};
  reader.error_code(NAKADACHI_FIELD(from, refusal), refusal);
  const bool listed =
      refusal == ErrorCode::kIdentityInDoubt || refusal == ErrorCode::kUnderCorrection;
  if (!listed) reader.fail(ErrorCode::kUnknownEnumValue, "refusal");
  made.refusal = refusal;
  return made;
}

void put(const AskToAcquire& from, v1::AdminRequest& to) {
  NAKADACHI_PUT(*to.mutable_ask_to_acquire(), inquiry, from.inquiry.view());
  put_four_items(from.person, *to.mutable_ask_to_acquire()->mutable_person());
}

std::optional<AskToAcquire> read(const v1::AskToAcquire& from, FieldReader& reader) {
  RequestKey inquiry;
  reader.fixed(NAKADACHI_FIELD(from, inquiry), inquiry);
  auto person = read_items(from.has_person(), from.person(), reader);
  if (!person) return std::nullopt;
  return AskToAcquire{inquiry, std::move(person->four)};
}

void put(const PutPerson& from, v1::AdminRequest& to) {
  v1::PutPerson& made = *to.mutable_put_person();
  if (from.number) made.set_number(from.number->reveal());
  put_items(from.items, *made.mutable_items());
  for (const symbols::BusinessNumber& number : from.business) {
    put_business(number, *made.add_business());
  }
}

std::optional<PutPerson> read(const v1::PutPerson& from, FieldReader& reader) {
  std::optional<AddressNumber> number;
  if (from.has_number()) number = read_person_number(NAKADACHI_FIELD(from, number), reader);
  auto items = read_items(from.has_items(), from.items(), reader);
  auto business = read_business_numbers(from.business(), reader);
  if (!items) return std::nullopt;
  return PutPerson{number, *std::move(items), std::move(business)};
}

void put(const MergePersons& from, v1::AdminRequest& to) {
  to.mutable_merge_persons()->set_survivor(from.survivor.reveal());
  to.mutable_merge_persons()->set_former(from.former.reveal());
}

std::optional<MergePersons> read(const v1::MergePersons& from, FieldReader& reader) {
  const auto survivor = read_person_number(NAKADACHI_FIELD(from, survivor), reader);
  const auto former = read_person_number(NAKADACHI_FIELD(from, former), reader);
  if (!survivor || !former) return std::nullopt;
  return MergePersons{*survivor, *former};
}

void put(const ListHeld& from, v1::AdminRequest& to) {
  v1::ListHeld& made = *to.mutable_list_held();
  if (!from.after) return;
  made.mutable_after()->set_valid_until(from.after->valid_until.ms);
  NAKADACHI_PUT(*made.mutable_after(), request, from.after->request.view());
}

std::optional<ListHeld> read(const v1::ListHeld& from, FieldReader& reader) {
  ListHeld made;
  if (!from.has_after()) return made;
  HeldPlace& after = made.after.emplace();
  reader.time(NAKADACHI_FIELD(from.after(), valid_until), after.valid_until);
  reader.fixed(NAKADACHI_FIELD(from.after(), request), after.request);
  return made;
}

void put(const CountCopies&, v1::AdminRequest& to) { to.mutable_count_copies(); }
void put(const CountSymbols&, v1::AdminRequest& to) { to.mutable_count_symbols(); }
void put(const ListAcquisitionRequests&, v1::AdminRequest& to) {
  to.mutable_list_acquisition_requests();
}
void put(const ListTenants&, v1::AdminRequest& to) { to.mutable_list_tenants(); }
void put(const ListAnswerModes&, v1::AdminRequest& to) { to.mutable_list_answer_modes(); }

void put(const ListFlags& from, v1::AdminRequest& to) {
  v1::ListFlags& made = *to.mutable_list_flags();
  if (from.after) NAKADACHI_PUT(made, after, from.after->view());
}

std::optional<ListFlags> read(const v1::ListFlags& from, FieldReader& reader) {
  ListFlags made;
  if (from.has_after()) reader.fixed(NAKADACHI_FIELD(from, after), made.after.emplace());
  return made;
}

void put(const ListAcquisitions& from, v1::AdminRequest& to) {
  v1::ListAcquisitions& made = *to.mutable_list_acquisitions();
  if (from.after) made.set_after(from.after->reveal());
}

std::optional<ListAcquisitions> read(const v1::ListAcquisitions& from, FieldReader& reader) {
  ListAcquisitions made;
  if (from.has_after()) made.after = read_person_number(NAKADACHI_FIELD(from, after), reader);
  return made;
}

void put(const ListInstitutions& from, v1::AdminRequest& to) {
  v1::ListInstitutions& made = *to.mutable_list_institutions();
  if (from.after) made.set_after(from.after->number());
}

std::optional<ListInstitutions> read(const v1::ListInstitutions& from, FieldReader& reader) {
  ListInstitutions made;
  if (from.has_after()) reader.code(NAKADACHI_FIELD(from, after), made.after.emplace());
  return made;
}

void put(const ShowSymbol& from, v1::AdminRequest& to) {
  v1::ShowSymbol& made = *to.mutable_show_symbol();
  if (const auto* const person = std::get_if<AddressNumber>(&from.of)) {
    made.set_person(person->reveal());
  } else {
    NAKADACHI_PUT(made, symbol, std::get<Symbol>(from.of).reveal());
  }
}

std::optional<ShowSymbol> read(const v1::ShowSymbol& from, FieldReader& reader) {
  if (from.has_person()) {
    const auto person = read_person_number(NAKADACHI_FIELD(from, person), reader);
    return person ? std::optional(ShowSymbol{*person}) : std::nullopt;
  }
  if (!reader.require(from.has_symbol(), "symbol")) return std::nullopt;
  const auto symbol = Symbol::from(as_bytes(from.symbol()));
  if (!symbol) reader.fail(ErrorCode::kWrongLength, "symbol");
  return symbol ? std::optional(ShowSymbol{*symbol}) : std::nullopt;
}

void put(const ShowFlags& from, v1::AdminRequest& to) {
  to.mutable_show_flags()->set_person(from.person.reveal());
}

std::optional<ShowFlags> read(const v1::ShowFlags& from, FieldReader& reader) {
  const auto person = read_person_number(NAKADACHI_FIELD(from, person), reader);
  if (!person) return std::nullopt;
  return ShowFlags{*person};
}

void put(const FindPersons& from, v1::AdminRequest& to) {
  v1::FindPersons& made = *to.mutable_find_persons();
  const symbols::AddressBook::Search& search = from.search;
  if (search.name) made.set_name(std::string(search.name->reveal()));
  if (search.kana) made.set_kana_name(std::string(search.kana->reveal()));
  if (search.birth_date) made.set_birth_date(text_of(*search.birth_date));
  if (search.spelling == symbols::AddressBook::Spelling::kExact) made.set_exact(true);
}

std::optional<FindPersons> read(const v1::FindPersons& from, FieldReader& reader) {
  FindPersons made;
  if (from.has_name()) made.search.name = read_text<symbols::PersonName>(from.name(), reader);
  if (from.has_kana_name()) {
    made.search.kana = read_text<symbols::KanaName>(from.kana_name(), reader);
  }
  if (from.has_birth_date()) {
    made.search.birth_date = read_text<symbols::BirthDate>(from.birth_date(), reader);
  }
  if (from.exact()) made.search.spelling = symbols::AddressBook::Spelling::kExact;
  return made;
}

void put(const FindPersonByNumber& from, v1::AdminRequest& to) {
  put_business(from.number, *to.mutable_find_person_by_number());
}

std::optional<FindPersonByNumber> read(const v1::BusinessNumber& from, FieldReader& reader) {
  const auto number = read_business(from, reader);
  if (!number) return std::nullopt;
  return FindPersonByNumber{*number};
}

void put(const ListPersons& from, v1::AdminRequest& to) {
  v1::ListPersons& made = *to.mutable_list_persons();
  if (from.after) made.set_after(from.after->reveal());
}

std::optional<ListPersons> read(const v1::ListPersons& from, FieldReader& reader) {
  ListPersons made;
  if (from.has_after()) made.after = read_person_number(NAKADACHI_FIELD(from, after), reader);
  return made;
}

// The request as a whole --------------------------------------------------------

template <class Made>
std::optional<AdminCommand> as_command(std::optional<Made> made) {
  if (!made) return std::nullopt;
  return AdminCommand(*std::move(made));
}

std::optional<AdminCommand> read_command(const v1::AdminRequest& from, FieldReader& reader) {
  switch (from.command_case()) {
    case v1::AdminRequest::kPutCopy:
      return as_command(read(from.put_copy(), reader));
    case v1::AdminRequest::kEraseCopy:
      return as_command(read(from.erase_copy(), reader));
    case v1::AdminRequest::kEndFullLoad:
      return as_command(read(from.end_full_load(), reader));
    case v1::AdminRequest::kChangeFlag:
      return as_command(read(from.change_flag(), reader));
    case v1::AdminRequest::kSetAnswerMode:
      return as_command(read(from.set_answer_mode(), reader));
    case v1::AdminRequest::kAcquire:
      return as_command(read(from.acquire(), reader));
    case v1::AdminRequest::kBindSymbol:
      return as_command(read(from.bind_symbol(), reader));
    case v1::AdminRequest::kEndSymbol:
      return as_command(read(from.end_symbol(), reader));
    case v1::AdminRequest::kMoveSymbol:
      return as_command(read(from.move_symbol(), reader));
    case v1::AdminRequest::kDecide:
      return as_command(read(from.decide(), reader));
    case v1::AdminRequest::kAskToAcquire:
      return as_command(read(from.ask_to_acquire(), reader));
    case v1::AdminRequest::kPutPerson:
      return as_command(read(from.put_person(), reader));
    case v1::AdminRequest::kMergePersons:
      return as_command(read(from.merge_persons(), reader));
    case v1::AdminRequest::kListHeld:
      return as_command(read(from.list_held(), reader));
    case v1::AdminRequest::kCountCopies:
      return CountCopies{};
    case v1::AdminRequest::kCountSymbols:
      return CountSymbols{};
    case v1::AdminRequest::kShowFlags:
      return as_command(read(from.show_flags(), reader));
    case v1::AdminRequest::kFindPersons:
      return as_command(read(from.find_persons(), reader));
    case v1::AdminRequest::kFindPersonByNumber:
      return as_command(read(from.find_person_by_number(), reader));
    case v1::AdminRequest::kListPersons:
      return as_command(read(from.list_persons(), reader));
    case v1::AdminRequest::kListAcquisitionRequests:
      return ListAcquisitionRequests{};
    case v1::AdminRequest::kListTenants:
      return ListTenants{};
    case v1::AdminRequest::kListInstitutions:
      return as_command(read(from.list_institutions(), reader));
    case v1::AdminRequest::kListAcquisitions:
      return as_command(read(from.list_acquisitions(), reader));
    case v1::AdminRequest::kListFlags:
      return as_command(read(from.list_flags(), reader));
    case v1::AdminRequest::kListAnswerModes:
      return ListAnswerModes{};
    case v1::AdminRequest::kShowSymbol:
      return as_command(read(from.show_symbol(), reader));
    case v1::AdminRequest::COMMAND_NOT_SET:
      break;
  }
  reader.fail(ErrorCode::kMissingField, "command");
  return std::nullopt;
}

Result<AdminRequest> read_request(const v1::AdminRequest& from, const RequestKey& key) {
  FieldReader reader;
  InstitutionCode institution;
  reader.code(NAKADACHI_FIELD(from, institution), institution);
  auto command = read_command(from, reader);
  if (reader.failed()) return reader.error();
  NAKADACHI_ASSERT(command.has_value());
  return AdminRequest{.key = key,
                      .institution = institution,
                      .who = from.who(),
                      .why = from.why(),
                      .command = *std::move(command)};
}

}  // namespace

Bytes encode_admin_requests(std::span<const AdminRequest> requests) {
  NAKADACHI_ASSERT(requests.size() <= limits::kMaxQueriesPerFrame);
  ArenaScope scope;
  auto& frame = scope.make<v1::AdminFrame>();
  frame.set_version(kRequestVersion);
  for (const AdminRequest& request : requests) {
    v1::AdminRequest& made = *frame.add_requests();
    NAKADACHI_PUT(made, key, request.key.view());
    made.set_institution(request.institution.number());
    if (!request.who.empty()) made.set_who(request.who);
    if (!request.why.empty()) made.set_why(request.why);
    std::visit([&made](const auto& command) { put(command, made); }, request.command);
  }
  Bytes bytes = serialise(frame);
  NAKADACHI_ASSERT(bytes.size() <= limits::kMaxClientFrameBytes);
  return bytes;
}

Result<std::vector<DecodedAdminRequest>> decode_admin_requests(ByteView frame) {
  if (frame.size() > limits::kMaxClientFrameBytes) return ErrorCode::kOversize;
  static const Shape shape(*v1::AdminFrame::descriptor(), limits::kMaxQueriesPerFrame);
  ArenaScope scope;
  auto& opened = scope.make<v1::AdminFrame>();
  NAKADACHI_CHECK(parse(frame, shape, opened));
  if (opened.version() != kRequestVersion) {
    return Error{.code = ErrorCode::kUnsupportedVersion, .field = "version"};
  }
  std::vector<DecodedAdminRequest> decoded;
  decoded.reserve(static_cast<std::size_t>(opened.requests_size()));
  for (int i = 0; i < opened.requests_size(); ++i) {
    const v1::AdminRequest& request = opened.requests(i);
    const auto key = RequestKey::from(as_bytes(request.key()));
    if (!key) return Error{.code = ErrorCode::kWrongLength, .field = "key", .position = i};
    decoded.push_back({*key, read_request(request, *key)});
  }
  return decoded;
}

}  // namespace nakadachi::wire
