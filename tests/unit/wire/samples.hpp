#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/random.hpp"
#include "nakadachi/wire/link_frame.hpp"
#include "nakadachi/wire/oltp_frame.hpp"
#include "nakadachi/wire/statements.hpp"

/// Random messages for the tests of the wire: every field set, sizes and ranges
/// up to their limits. One seed gives one sequence.
namespace nakadachi::wire::samples {

Bytes bytes(SeededRandom& random, std::size_t size);
Timestamp time(SeededRandom& random);
InstitutionCode institution(SeededRandom& random);
ErrorCode error_code(SeededRandom& random);
exchange::Outcome outcome(SeededRandom& random);
exchange::Subject subject(SeededRandom& random);

exchange::Query query(SeededRandom& random);
exchange::Reply reply(SeededRandom& random);
/// With a witness of its own.
std::shared_ptr<const records::Receipt> receipt(SeededRandom& random);
exchange::Inquiry inquiry(SeededRandom& random);
exchange::Permit permit(SeededRandom& random);
exchange::Refusal refusal(SeededRandom& random);
exchange::Provision provision(SeededRandom& random);
exchange::Conclusion conclusion(SeededRandom& random);
exchange::StatusQuery status_query(SeededRandom& random);
exchange::StatusReply status_reply(SeededRandom& random);
exchange::SymbolNotice symbol_notice(SeededRandom& random);
exchange::SymbolReceipt symbol_receipt(SeededRandom& random);
exchange::AcquisitionRequest acquisition_request(SeededRandom& random);
StoredContent stored_content(SeededRandom& random);
AddressNumber person(SeededRandom& random);
exchange::LiveQuestion live_question(SeededRandom& random);
exchange::HandOver hand_over(SeededRandom& random);
crypto::SealedAnswer sealed_answer(SeededRandom& random);

std::shared_ptr<const crypto::BatchHeader> batch(SeededRandom& random);
std::shared_ptr<const crypto::Delegation> delegation(SeededRandom& random);
/// An item that shares its header and delegation with others.
LinkItem item(SeededRandom& random, std::shared_ptr<const crypto::BatchHeader> batch,
              std::shared_ptr<const crypto::Delegation> delegation);

/// The error of decoding `bytes` with every decoder of the room: nothing but the
/// absence of a crash is expected of it.
void decode_with_everything(ByteView bytes);

/// Every kind of valid bytes the room writes, one of each.
std::vector<Bytes> one_of_each(SeededRandom& random);

}  // namespace nakadachi::wire::samples
