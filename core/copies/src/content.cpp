#include "nakadachi/copies/content.hpp"

#include <algorithm>
#include <utility>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/base/reader.hpp"
#include "nakadachi/base/utf8.hpp"
#include "period_code.hpp"

namespace nakadachi::copies {
namespace {

constexpr std::uint8_t kContentVersion = 1;

Error at_fault(ErrorCode code, std::string_view field, std::size_t position) {
  return {.code = code, .field = field, .position = static_cast<std::int32_t>(position)};
}

/// What every content has to be, whoever made it.
Result<void> check(const CopyContent& content) {
  if (content.layout_version == 0) {
    return Error{.code = ErrorCode::kWrongFormat, .field = "layout_version"};
  }
  if (content.validity.is_reversed()) {
    return Error{.code = ErrorCode::kWrongFormat, .field = "validity"};
  }
  if (content.items.size() > limits::kMaxCopyItems) {
    return Error{.code = ErrorCode::kTooManyItems, .field = "items"};
  }
  std::uint16_t former = 0;
  for (std::size_t i = 0; i < content.items.size(); ++i) {
    const CopyItem& item = content.items[i];
    if (item.number <= former) return at_fault(ErrorCode::kWrongFormat, "item_number", i);
    if (item.value.empty() || !is_utf8(item.value)) {
      return at_fault(ErrorCode::kWrongFormat, "item_value", i);
    }
    if (item.value.size() > limits::kMaxCopyItemBytes) {
      return at_fault(ErrorCode::kWrongLength, "item_value", i);
    }
    former = item.number;
  }
  return {};
}

}  // namespace

Result<Bytes> encode(const CopyContent& content) {
  NAKADACHI_CHECK(check(content));
  Bytes bytes;
  append_big_endian<1>(bytes, kContentVersion);
  append_big_endian<2>(bytes, content.layout_version);
  append_big_endian<8>(bytes, content.dataset);
  append_big_endian<1>(bytes, marks_of(content.validity));
  append_period(bytes, content.validity);
  append_big_endian<2>(bytes, content.items.size());
  for (const CopyItem& item : content.items) {
    append_big_endian<2>(bytes, item.number);
    append_big_endian<2>(bytes, item.value.size());
    append(bytes, as_bytes(item.value));
  }
  if (bytes.size() > limits::kMaxCopyBytes) {
    return Error{.code = ErrorCode::kOversize, .field = "copy"};
  }
  return bytes;
}

Result<CopyContent> decode_content(ByteView bytes) {
  const Error malformed{.code = ErrorCode::kMalformedFrame, .field = "copy"};
  if (bytes.size() > limits::kMaxCopyBytes) {
    return Error{.code = ErrorCode::kOversize, .field = "copy"};
  }
  Reader reader(bytes);
  const std::uint64_t version = reader.number<1>();
  if (reader.failed()) return malformed;
  if (version != kContentVersion)
    return Error{.code = ErrorCode::kUnsupportedVersion, .field = "copy"};
  CopyContent content;
  content.layout_version = static_cast<std::uint16_t>(reader.number<2>());
  content.dataset = reader.number<8>();
  const auto marks = static_cast<std::uint8_t>(reader.number<1>());
  if (marks > (kHasFrom | kHasUntil)) return malformed;
  const auto validity = read_period(reader, marks);
  if (!validity) return malformed;
  content.validity = *validity;
  const std::uint64_t count = reader.number<2>();
  for (std::uint64_t i = 0; i < count && !reader.failed(); ++i) {
    const auto number = static_cast<std::uint16_t>(reader.number<2>());
    const auto size = static_cast<std::size_t>(reader.number<2>());
    content.items.push_back({number, std::string(as_chars(reader.take(size)))});
  }
  if (!reader.complete()) return malformed;
  NAKADACHI_CHECK(check(content));
  return content;
}

Selection select(const CopyContent& content, std::span<const std::uint16_t> wanted) {
  if (wanted.empty()) return {.content = content, .missing = {}};
  std::vector<std::uint16_t> numbers(wanted.begin(), wanted.end());
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  Selection selection{.content = {.layout_version = content.layout_version,
                                  .dataset = content.dataset,
                                  .validity = content.validity,
                                  .items = {}},
                      .missing = {}};
  auto item = content.items.begin();
  for (const std::uint16_t number : numbers) {
    while (item != content.items.end() && item->number < number) ++item;
    if (item != content.items.end() && item->number == number) {
      selection.content.items.push_back(*item);
    } else {
      selection.missing.push_back(number);
    }
  }
  return selection;
}

}  // namespace nakadachi::copies
