#include "train_copy.hpp"

#include <fmt/format.h>

#include <array>

namespace nakadachi::storage {
namespace {

// PostgreSQL documentation, COPY, "Binary Format": signature, flags, length of extension.
constexpr std::array<std::uint8_t, 19> kHeader = {
    'P', 'G', 'C', 'O', 'P', 'Y', '\n', 0xff, '\r', '\n', '\0', 0, 0, 0, 0, 0, 0, 0, 0};
constexpr std::uint16_t kColumns = 11;
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

}  // namespace

std::string train_sql(const Train& train) {
  return fmt::format(
      "BEGIN ISOLATION LEVEL READ COMMITTED;"
      "INSERT INTO nakadachi.train (lane, number, epoch, rows, low_water_bucket, signed_at_ms,"
      " root, signer, signature) VALUES ({},{},{},{},{},{},"
      "decode('{}','hex'),decode('{}','hex'),decode('{}','hex'));"
      "COPY nakadachi.step_all (tenant, exchange, step, outcome, lane, epoch, train, leaf_index,"
      " salt, leaf, sealed) FROM STDIN (FORMAT binary);"
      "COMMIT",
      train.lane.value, train.number.value, train.epoch.value, train.rows.size(),
      train.low_water_bucket, train.signed_at.ms, to_hex(train.root.view()),
      to_hex(train.signer.view()), to_hex(train.signature.view()));
}

Bytes copy_data(const Train& train) {
  constexpr std::size_t kRowBytesBesidesSealed = 160;
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
    put_bytes(data, row.salt.view());
    put_bytes(data, row.leaf.view());
    put_bytes(data, row.sealed);
  }
  append_big_endian<2>(data, kEnd);
  return data;
}

}  // namespace nakadachi::storage
