#include "subject_fields.hpp"

#include "nakadachi/base/limits.hpp"
#include "nakadachi/base/utf8.hpp"

namespace nakadachi::wire {
namespace {

bool is_one_line(std::string_view text) noexcept {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return false;
  }
  return true;
}

}  // namespace

Result<void> check_section(std::string_view section) {
  constexpr std::string_view kField = "section";
  if (section.size() > limits::kMaxSectionBytes) {
    return Error{.code = ErrorCode::kWrongLength, .field = kField};
  }
  if (!is_utf8(section) || !is_one_line(section)) {
    return Error{.code = ErrorCode::kWrongFormat, .field = kField};
  }
  if (holds_personal_number(section)) {
    return Error{.code = ErrorCode::kPersonalNumberPresent, .field = kField};
  }
  return {};
}

void put_subject(const exchange::Subject& subject, v1::Subject& to) {
  to.set_asker(subject.asker.number());
  to.set_provider(subject.provider.number());
  to.set_affair(subject.affair.number());
  to.set_procedure(subject.procedure.number());
  to.set_information_kind(subject.kind.number());
  if (subject.non_disclosure) to.set_non_disclosure(true);
  if (!subject.section.empty()) to.set_section(subject.section);
}

void read_subject(bool present, const v1::Subject& from, FieldReader& reader,
                  exchange::Subject& to) {
  if (!reader.require(present, "subject")) return;
  reader.code(NAKADACHI_FIELD(from, asker), to.asker);
  reader.code(NAKADACHI_FIELD(from, provider), to.provider);
  reader.code(NAKADACHI_FIELD(from, affair), to.affair);
  reader.code(NAKADACHI_FIELD(from, procedure), to.procedure);
  reader.code(NAKADACHI_FIELD(from, information_kind), to.kind);
  if (reader.failed()) return;
  to.non_disclosure = from.non_disclosure();
  if (auto checked = check_section(from.section()); !checked) {
    return reader.fail(checked.error());
  }
  to.section = from.section();
}

}  // namespace nakadachi::wire
