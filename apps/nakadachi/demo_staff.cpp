#include "apps/nakadachi/demo_staff.hpp"

#include <chrono>
#include <set>

#include "nakadachi/base/clock.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::chrono::milliseconds kTurn{300};
constexpr std::int64_t kThoughtMs = 6'000;  // longer than a client waits at first

}  // namespace

Result<void> DemoStaff::start() {
  std::set<std::size_t> institutions;
  for (const DemoResidents::Held& held : pool_.residents().held()) {
    plan_.emplace(held.person, held.decision);
    institutions.insert(held.institution);
  }
  for (const std::size_t institution : institutions) {
    NAKADACHI_TRY(auto client, pool_.staff_of(institution));
    desks_.push_back({pool_.systems()[institution].institution, std::move(client)});
  }
  thread_ = std::thread([this] { work(); });
  return {};
}

DemoStaff::~DemoStaff() {
  going_home_ = true;
  if (thread_.joinable()) thread_.join();
}

void DemoStaff::work() {
  while (!going_home_) {
    for (Desk& desk : desks_) {
      if (!going_home_) look(desk);
    }
    std::this_thread::sleep_for(kTurn);
  }
}

void DemoStaff::look(Desk& desk) {
  const auto held = admin::all_held(*desk.client, desk.institution);
  if (!held) return;  // the next turn asks again
  std::vector<wire::AdminRequest> decisions;
  for (const wire::HeldRequest& request : held->requests) {
    const DemoResidents::Decision decision = plan_.at(request.person);
    if (decision == DemoResidents::Decision::kLeave) continue;
    const bool late = decision == DemoResidents::Decision::kApproveLate;
    if (late && SystemClock().now() - request.asked_at < kThoughtMs) continue;
    wire::Decide command{.request = request.request, .person = request.person, .refusal = {}};
    if (decision == DemoResidents::Decision::kDoubt) {
      command.refusal = ErrorCode::kIdentityInDoubt;
    } else if (decision == DemoResidents::Decision::kCorrect) {
      command.refusal = ErrorCode::kUnderCorrection;
    }
    decisions.push_back({.institution = desk.institution,
                         .who = "demo staff",
                         .why = "as planned",
                         .command = command});
  }
  if (decisions.empty()) return;
  desk.client->ask_all(std::move(decisions), [this](std::size_t, const auto& answer) {
    if (answer) ++decided_;
  });
}

}  // namespace nakadachi::apps
