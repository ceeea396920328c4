#include "nakadachi/wire/link_frame.hpp"

#include "codec.hpp"
#include "frame_size.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/v1/link.pb.h"
#include "proof_fields.hpp"
#include "shared_parts.hpp"

namespace nakadachi::wire {
namespace {

constexpr std::uint32_t kLinkVersion = 1;

void put(const LinkItem& from, v1::LinkItem& to) {
  NAKADACHI_ASSERT(from.statement.size() <= limits::kMaxStatementBytes);
  NAKADACHI_ASSERT(from.path.nodes.size() <= limits::kMaxPathNodes);
  to.set_kind(static_cast<v1::StatementKind>(from.kind));
  to.set_to(from.to.number());
  NAKADACHI_PUT(to, statement, from.statement);
  NAKADACHI_PUT(to, salt, from.salt.view());
  to.set_leaf_index(from.path.index);
  put_digests(from.path.nodes, *to.mutable_path());
}

/// Shared parts of a frame that has been read.
template <class Part>
using Parts = std::vector<std::shared_ptr<const Part>>;

template <class Part, class Messages>
Result<Parts<Part>> read_parts(const Messages& messages) {
  Parts<Part> parts;
  parts.reserve(static_cast<std::size_t>(messages.size()));
  for (int i = 0; i < messages.size(); ++i) {
    FieldReader reader;
    auto part = std::make_shared<Part>();
    read(messages.Get(i), reader, *part);
    if (reader.failed()) {
      Error error = reader.error();
      error.position = i;
      return error;
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

/// The part at `index`; an index past the list points at a part that is missing.
template <class Part>
void pick(const Parts<Part>& parts, std::uint32_t index, std::string_view name, FieldReader& reader,
          std::shared_ptr<const Part>& to) {
  if (index < parts.size()) {
    to = parts[index];
  } else {
    reader.fail(ErrorCode::kMissingField, name);
  }
}

void read(const v1::LinkItem& from, FieldReader& reader, LinkItem& to) {
  reader.one_of(NAKADACHI_FIELD(from, kind), exchange::kLastStatementKind, to.kind);
  reader.code(NAKADACHI_FIELD(from, to), to.to);
  if (!reader.require(from.has_statement(), "statement")) return;
  reader.bytes(NAKADACHI_FIELD(from, statement), limits::kMaxStatementBytes, to.statement);
  reader.fixed(NAKADACHI_FIELD(from, salt), to.salt);
  if (!reader.require(from.has_leaf_index(), "leaf_index")) return;
  to.path.index = from.leaf_index();
  read_digests(NAKADACHI_FIELD(from, path), limits::kMaxPathNodes, reader, to.path.nodes);
}

Result<void> read_items(const v1::LinkFrame& frame, LinkFrame& to) {
  NAKADACHI_TRY(const auto batches, read_parts<crypto::BatchHeader>(frame.batches()));
  NAKADACHI_TRY(const auto delegations, read_parts<crypto::Delegation>(frame.delegations()));
  to.items.resize(static_cast<std::size_t>(frame.items_size()));
  for (int i = 0; i < frame.items_size(); ++i) {
    const v1::LinkItem& from = frame.items(i);
    LinkItem& item = to.items[static_cast<std::size_t>(i)];
    FieldReader reader;
    read(from, reader, item);
    if (reader.require(from.has_batch(), "batch")) {
      pick(batches, from.batch(), "batch", reader, item.batch);
    }
    if (from.has_delegation()) {
      pick(delegations, from.delegation(), "delegation", reader, item.delegation);
    }
    if (reader.failed()) {
      Error error = reader.error();
      error.position = i;
      return error;
    }
  }
  return {};
}

Result<void> read_hello(const v1::Hello& from, Hello& to) {
  if (static_cast<std::size_t>(from.institutions_size()) > kMaxHelloInstitutions) {
    return Error{.code = ErrorCode::kTooManyItems, .field = "institutions"};
  }
  to.institutions.reserve(static_cast<std::size_t>(from.institutions_size()));
  for (int i = 0; i < from.institutions_size(); ++i) {
    auto code = InstitutionCode::from_number(from.institutions(i));
    if (!code) {
      return Error{.code = code.error().code, .field = "institutions", .position = i};
    }
    to.institutions.push_back(*code);
  }
  return {};
}

/// One frame being filled.
class FrameWriter {
 public:
  FrameWriter() : frame_(scope_.make<v1::LinkFrame>()) {
    frame_.set_version(kLinkVersion);
    bytes_ += frame_.ByteSizeLong();
  }

  /// False, and nothing changed, when the frame has no room for the item.
  bool add(const LinkItem& item) {
    if (static_cast<std::size_t>(frame_.items_size()) == limits::kMaxItemsPerLinkFrame) {
      return false;
    }
    const int batches = frame_.batches_size();
    const int delegations = frame_.delegations_size();
    v1::LinkItem& added = *frame_.add_items();
    put(item, added);
    added.set_batch(batches_.index_of(item.batch, *frame_.mutable_batches()));
    if (item.delegation) {
      added.set_delegation(delegations_.index_of(item.delegation, *frame_.mutable_delegations()));
    }
    std::size_t size = size_in_frame(added);
    if (frame_.batches_size() > batches) size += size_in_frame(frame_.batches(batches));
    if (frame_.delegations_size() > delegations) {
      size += size_in_frame(frame_.delegations(delegations));
    }
    if (bytes_ + size > limits::kMaxLinkFrameBytes) {
      take_back(batches, delegations);
      return false;
    }
    bytes_ += size;
    return true;
  }

  Bytes finish() { return serialise(frame_); }

 private:
  void take_back(int batches, int delegations) {
    frame_.mutable_items()->RemoveLast();
    if (frame_.batches_size() > batches) frame_.mutable_batches()->RemoveLast();
    if (frame_.delegations_size() > delegations) frame_.mutable_delegations()->RemoveLast();
  }

  struct PutBatch {
    void operator()(const crypto::BatchHeader& from, v1::BatchHeader& to) const {
      wire::put(from, to);
    }
  };
  struct PutDelegation {
    void operator()(const crypto::Delegation& from, v1::Delegation& to) const {
      wire::put(from, to);
    }
  };

  ArenaScope scope_;
  v1::LinkFrame& frame_;
  std::size_t bytes_ = 0;
  SharedParts<crypto::BatchHeader, v1::BatchHeader, PutBatch> batches_;
  SharedParts<crypto::Delegation, v1::Delegation, PutDelegation> delegations_;
};

/// Writes a frame from `next` on and moves `next` past what found room.
Bytes encode_some(std::span<const LinkItem> items, std::size_t& next) {
  FrameWriter writer;
  const std::size_t first = next;
  while (next < items.size() && writer.add(items[next])) ++next;
  NAKADACHI_ASSERT(next > first);
  return writer.finish();
}

}  // namespace

std::vector<Bytes> encode_link_frames(std::span<const LinkItem> items) {
  std::vector<Bytes> frames;
  std::size_t next = 0;
  while (next < items.size()) frames.push_back(encode_some(items, next));
  return frames;
}

Bytes encode_hello(const Hello& hello) {
  NAKADACHI_ASSERT(hello.institutions.size() <= kMaxHelloInstitutions);
  ArenaScope scope;
  auto& frame = scope.make<v1::LinkFrame>();
  frame.set_version(kLinkVersion);
  v1::Hello& to = *frame.mutable_hello();
  to.mutable_institutions()->Reserve(static_cast<int>(hello.institutions.size()));
  for (const InstitutionCode& code : hello.institutions) to.add_institutions(code.number());
  return serialise(frame);
}

Result<LinkFrame> decode_link_frame(ByteView frame) {
  if (frame.size() > limits::kMaxLinkFrameBytes) return ErrorCode::kOversize;
  static const Shape shape(*v1::LinkFrame::descriptor(), limits::kMaxItemsPerLinkFrame);
  ArenaScope scope;
  auto& opened = scope.make<v1::LinkFrame>();
  NAKADACHI_CHECK(parse(frame, shape, opened));
  if (opened.version() != kLinkVersion) {
    return Error{.code = ErrorCode::kUnsupportedVersion, .field = "version"};
  }
  LinkFrame decoded;
  NAKADACHI_CHECK(read_items(opened, decoded));
  if (opened.has_hello()) {
    NAKADACHI_CHECK(read_hello(opened.hello(), decoded.hellos.emplace_back()));
  }
  return decoded;
}

}  // namespace nakadachi::wire
