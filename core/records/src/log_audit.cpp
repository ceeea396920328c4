#include "nakadachi/records/log_audit.hpp"

#include <fmt/format.h>

#include <string_view>

namespace nakadachi::records {
namespace {

Error wrong(ErrorCode code, std::string_view field, std::uint64_t number) {
  return {.code = code, .field = field, .detail = fmt::format("number {}", number)};
}

Error wrong_head(ErrorCode code, std::uint64_t size) {
  return {.code = code, .field = "head", .detail = fmt::format("size {}", size)};
}

}  // namespace

Result<void> LogAudit::fail(Error error) {
  error_ = std::move(error);
  return *error_;
}

Result<void> LogAudit::entry(const LogEntry& entry) {
  if (error_) return *error_;
  const std::uint64_t expected = frontier_.size();
  if (entry.tenant != tenant_) {
    return fail(wrong(ErrorCode::kAnotherTenant, "entry", expected));
  }
  if (entry.number > expected) return fail(wrong(ErrorCode::kLogGap, "entry", expected));
  if (entry.number < expected) {
    return fail(wrong(ErrorCode::kLogNumberTwice, "entry", entry.number));
  }
  if (const Result<void> form = check_form(entry); !form) {
    return fail(wrong(form.error().code, form.error().field, expected));
  }
  frontier_.append(entry_hash(entry));
  return {};
}

Result<void> LogAudit::entry(const LogEntry& entry, const Salt& salt, ByteView statement) {
  NAKADACHI_CHECK(this->entry(entry));
  if (const Result<void> same = check_statement(entry, salt, statement); !same) {
    return fail(wrong(same.error().code, same.error().field, entry.number));
  }
  return {};
}

Result<void> LogAudit::head(const LogHead& stated) {
  if (error_) return *error_;
  if (stated.tenant != tenant_) {
    return fail(wrong_head(ErrorCode::kAnotherTenant, stated.size));
  }
  if (stated.size > frontier_.size()) {
    return fail(wrong(ErrorCode::kLogGap, "head", frontier_.size()));
  }
  if (stated.size < frontier_.size() || stated.root != frontier_.root()) {
    return fail(wrong_head(ErrorCode::kLogHeadDiffers, stated.size));
  }
  stated_ = stated.size;
  return {};
}

Result<LogHead> LogAudit::finish() const {
  if (error_) return *error_;
  if (stated_ != frontier_.size()) {
    return Error{.code = ErrorCode::kLogHeadDiffers,
                 .field = "head",
                 .detail = fmt::format("no train states the entries from number {} on", stated_)};
  }
  return head_of(tenant_, frontier_);
}

}  // namespace nakadachi::records
