#include "apps/common/receipt_export.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <variant>

#include "apps/common/new_file.hpp"
#include "apps/common/receipt_file.hpp"

namespace nakadachi::apps {
namespace {

Result<void> write_entry(RecordReader& reader, const storage::LogEntry& row, NewFile& file,
                         ReceiptExport& done) {
  if (storage::log_number(row) != done.next) return Error{.code = ErrorCode::kLogGap};
  const auto* const step = std::get_if<storage::StoredStep>(&row);
  if (step == nullptr) {
    ++done.changes;
  } else {
    NAKADACHI_TRY(const ReadRecord record, reader.read(*step));
    NAKADACHI_CHECK(file.write(receipt_line(*record.receipt) + '\n'));
    ++done.receipts;
  }
  ++done.next;
  return {};
}

}  // namespace

Result<ReceiptExport> export_receipts(storage::ExchangeStore& store, RecordReader& reader,
                                      const std::string& path, const ExportOptions& options) {
  NAKADACHI_TRY(NewFile file, NewFile::create(path));
  ReceiptExport done{.next = options.from};
  while (done.receipts < options.limit) {
    NAKADACHI_TRY(const auto page, store.scan_log(reader.tenant(), done.next, options.page));
    if (page.empty()) break;
    for (const storage::LogEntry& row : page) {
      if (done.receipts == options.limit) break;
      if (const auto written = write_entry(reader, row, file, done); !written) {
        if (!is_damage(written.error().code)) return written.error();
        done.wrong = written.error();
        done.wrong->detail = fmt::format(
            "entry {}{}{}", done.next, done.wrong->detail.empty() ? "" : ": ", done.wrong->detail);
        return done;
      }
    }
    if (options.on_progress) options.on_progress(done.next - options.from);
  }
  if (done.receipts == 0) return Error{.code = ErrorCode::kMissingField, .field = "receipts"};
  NAKADACHI_CHECK(file.publish());
  return done;
}

nlohmann::json export_json(const ReceiptExport& done) {
  nlohmann::json made = {{"good", !done.wrong},
                         {"receipts", done.wrong ? 0 : done.receipts},
                         {"changes", done.changes},
                         {"next", done.next}};
  if (done.wrong) {
    made["error"] = nakadachi::text_of(done.wrong->code).name;
    made["detail"] = done.wrong->detail;
  }
  return made;
}

std::string export_text(const ReceiptExport& done, Language language) {
  const bool japanese = language == Language::kJapanese;
  if (done.wrong) {
    return fmt::format("{}: {}\n",
                       japanese ? "異常（ファイルは作成していません）" : "wrong (no file was made)",
                       describe(*done.wrong, language));
  }
  std::string text = fmt::format("{}: {}\n", japanese ? "受領証" : "receipts", done.receipts);
  fmt::format_to(std::back_inserter(text), "{}: {}\n", japanese ? "次の番号" : "next number",
                 done.next);
  return text;
}

}  // namespace nakadachi::apps
