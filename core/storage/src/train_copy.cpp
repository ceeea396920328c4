#include "train_copy.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "heads.hpp"

namespace nakadachi::storage {
namespace {

// PostgreSQL documentation, COPY, "Binary Format": signature, flags, length of extension.
constexpr std::array<std::uint8_t, 19> kHeader = {
    'P', 'G', 'C', 'O', 'P', 'Y', '\n', 0xff, '\r', '\n', '\0', 0, 0, 0, 0, 0, 0, 0, 0};
constexpr std::uint16_t kColumns = 18;
constexpr std::uint16_t kEnd = 0xffff;

template <std::size_t Size>
void put_number(Bytes& to, std::uint64_t value) {
  append_big_endian<4>(to, Size);
  append_big_endian<Size>(to, value);
}

void put_bytes(Bytes& to, ByteView value) {
  append_big_endian<4>(to, value.size());
  append(to, value);
}

/// Appends the arguments of a function: one array a column of the rows.
template <class Row>
class Columns {
 public:
  Columns(std::string& sql, const std::vector<Row>& rows) : sql_(sql), rows_(rows) {}

  template <class Number>
  void add_numbers(const Number& number) {
    add_words([&](const Row& row) { return std::to_string(number(row)); });
  }

  /// Short words, as the text of an array: `,'{1,2}'`.
  template <class Word>
  void add_words(const Word& word) {
    sql_ += ",'{";
    add_each(word);
    sql_ += "}'";
  }

  /// Bytes, which string_to_array cuts faster than the server reads the text of an array.
  template <class View>
  void add_bytes(const View& view) {
    sql_ += ",string_to_array('";
    add_each([&](const Row& row) { return "\\x" + to_hex(view(row)); });
    sql_ += "',',')";
  }

 private:
  template <class Text>
  void add_each(const Text& text) {
    for (const Row& row : rows_) {
      if (&row != rows_.data()) sql_ += ',';
      sql_ += text(row);
    }
  }

  std::string& sql_;
  const std::vector<Row>& rows_;
};

/// Values come last: what a server shows of a running statement is its beginning.
void append_changes(std::string& sql, const Train& train) {
  fmt::format_to(std::back_inserter(sql), "SELECT nakadachi.add_changes({},{},{}", train.lane.value,
                 train.epoch.value, train.number.value);
  Columns columns(sql, train.changes);
  columns.add_numbers([](const ChangeRow& change) { return change.tenant.value; });
  columns.add_numbers([](const ChangeRow& change) { return change.number; });
  columns.add_numbers(
      [](const ChangeRow& change) { return static_cast<unsigned>(change.section); });
  columns.add_words([](const ChangeRow& change) { return change.erase ? "t" : "f"; });
  columns.add_numbers(
      [](const ChangeRow& change) { return static_cast<unsigned>(change.units.cause); });
  columns.add_numbers([](const ChangeRow& change) { return change.units.persons; });
  columns.add_numbers([](const ChangeRow& change) { return change.units.messages_in; });
  columns.add_numbers([](const ChangeRow& change) { return change.units.messages_out; });
  columns.add_numbers([](const ChangeRow& change) { return change.units.bytes_in; });
  columns.add_numbers([](const ChangeRow& change) { return change.units.bytes_out; });
  columns.add_bytes([](const ChangeRow& change) { return change.change.view(); });
  columns.add_bytes([](const ChangeRow& change) { return change.key.view(); });
  columns.add_bytes([](const ChangeRow& change) { return change.salt.view(); });
  columns.add_bytes([](const ChangeRow& change) { return change.leaf.view(); });
  columns.add_bytes([](const ChangeRow& change) { return ByteView(change.record); });
  columns.add_bytes([](const ChangeRow& change) { return ByteView(change.value); });
  sql += ");";
}

Bytes joined(const std::vector<Digest>& digests) {
  Bytes all;
  all.reserve(digests.size() * Digest::kSize);
  for (const Digest& digest : digests) append(all, digest.view());
  return all;
}

void append_checkpoints(std::string& sql, const Train& train) {
  fmt::format_to(std::back_inserter(sql), "SELECT nakadachi.add_checkpoints({},{},{}",
                 train.lane.value, train.epoch.value, train.number.value);
  Columns columns(sql, train.checkpoints);
  columns.add_numbers([](const Checkpoint& point) { return point.tenant.value; });
  columns.add_numbers([](const Checkpoint& point) { return point.size; });
  columns.add_bytes([](const Checkpoint& point) { return joined(point.frontier); });
  sql += ");";
}

}  // namespace

std::string train_sql(const Train& train) {
  std::string sql = fmt::format(
      "BEGIN ISOLATION LEVEL READ COMMITTED;"
      "INSERT INTO nakadachi.train (lane, number, epoch, rows, changes, low_water_bucket,"
      " signed_at_ms, root, signer, signature, heads) VALUES ({},{},{},{},{},{},{},"
      "decode('{}','hex'),decode('{}','hex'),decode('{}','hex'),decode('{}','hex'));",
      train.lane.value, train.number.value, train.epoch.value, train.rows.size(),
      train.changes.size(), train.low_water_bucket, train.signed_at.ms, to_hex(train.root.view()),
      to_hex(train.signer.view()), to_hex(train.signature.view()),
      to_hex(encode_heads(train.heads)));
  if (!train.changes.empty()) append_changes(sql, train);
  if (!train.checkpoints.empty()) append_checkpoints(sql, train);
  sql +=
      "COPY nakadachi.step_all (tenant, exchange, step, outcome, lane, epoch, train, leaf_index,"
      " number, cause, persons, messages_in, messages_out, bytes_in, bytes_out, salt, leaf, sealed)"
      " FROM STDIN (FORMAT binary);"
      "COMMIT";
  return sql;
}

Bytes copy_data(const Train& train) {
  constexpr std::size_t kRowBytesBesidesSealed = 220;
  std::size_t size = kHeader.size() + sizeof kEnd;
  for (const StepRow& row : train.rows) size += kRowBytesBesidesSealed + row.sealed.size();
  Bytes data;
  data.reserve(size);

  append(data, kHeader);
  std::uint16_t leaf_index = 0;
  for (const StepRow& row : train.rows) {
    append_big_endian<2>(data, kColumns);
    put_number<4>(data, row.tenant.value);
    put_bytes(data, row.exchange.view());
    put_number<2>(data, static_cast<std::uint8_t>(row.step));
    put_number<4>(data, row.outcome);
    put_number<4>(data, train.lane.value);
    put_number<8>(data, train.epoch.value);
    put_number<8>(data, train.number.value);
    put_number<2>(data, leaf_index++);
    put_number<8>(data, row.number);
    put_number<2>(data, static_cast<std::uint8_t>(row.units.cause));
    put_number<2>(data, row.units.persons);
    put_number<2>(data, row.units.messages_in);
    put_number<2>(data, row.units.messages_out);
    put_number<4>(data, row.units.bytes_in);
    put_number<4>(data, row.units.bytes_out);
    put_bytes(data, row.salt.view());
    put_bytes(data, row.leaf.view());
    put_bytes(data, row.sealed);
  }
  append_big_endian<2>(data, kEnd);
  return data;
}

}  // namespace nakadachi::storage
