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

void read_items(const v1::Subject& from, FieldReader& reader, std::vector<std::uint16_t>& to) {
  if (!from.has_items()) return;
  const ByteView bytes = as_bytes(from.items());
  if (bytes.empty() || bytes.size() % 2 != 0) return reader.fail(ErrorCode::kWrongLength, "items");
  to.reserve(bytes.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    to.push_back(static_cast<std::uint16_t>(bytes[i] << 8U | bytes[i + 1]));
  }
  if (auto checked = check_items(to); !checked) reader.fail(checked.error());
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

Result<void> check_items(std::span<const std::uint16_t> items) {
  constexpr std::string_view kField = "items";
  if (items.size() > limits::kMaxItemsAsked) {
    return Error{.code = ErrorCode::kTooManyItems, .field = kField};
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool ascends = items[i] > (i == 0 ? 0 : items[i - 1]);
    if (!ascends) return Error{.code = ErrorCode::kWrongFormat, .field = kField};
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
  if (!subject.items.empty()) {
    std::string& items = *to.mutable_items();
    for (const std::uint16_t item : subject.items) {
      items.push_back(static_cast<char>(item >> 8U));
      items.push_back(static_cast<char>(item & 0xFFU));
    }
  }
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
  read_items(from, reader, to.items);
}

}  // namespace nakadachi::wire
