#include "apps/common/stop_signal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

#include "nakadachi/base/assert.hpp"

namespace nakadachi::apps {

StopSignal::Registration::~Registration() {
  const std::scoped_lock lock(owner_->mutex_);
  owner_->stop_ = nullptr;
  owner_->read_again_ = nullptr;
}

namespace {

int open_signals(StopSignal::Hangup hangup) {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  if (hangup == StopSignal::Hangup::kReads) sigaddset(&wanted, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  return signalfd(-1, &wanted, SFD_CLOEXEC);
}

}  // namespace

StopSignal::StopSignal(Hangup hangup)
    : signals_(open_signals(hangup)), ended_(eventfd(0, EFD_CLOEXEC)) {
  NAKADACHI_ASSERT(signals_ >= 0 && ended_ >= 0);
  waiter_ = std::thread([this] { wait(); });
}

StopSignal::~StopSignal() {
  eventfd_write(ended_, 1);
  waiter_.join();
  close(signals_);
  close(ended_);
}

StopSignal::Registration StopSignal::on_stop(std::function<void()> stop,
                                             std::function<void()> read_again) {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = std::move(stop);
    read_again_ = std::move(read_again);
  }
  call_if_due();
  return Registration(*this);
}

bool StopSignal::stopped() {
  const std::scoped_lock lock(mutex_);
  return signalled_;
}

/// Under the lock, so that a registration does not end in the middle of the call.
void StopSignal::call_if_due() {
  const std::scoped_lock lock(mutex_);
  if (to_read_ && read_again_) {
    to_read_ = false;
    read_again_();
  }
  if (signalled_ && stop_) std::exchange(stop_, nullptr)();
}

void StopSignal::wait() {
  while (true) {
    std::array<pollfd, 2> waited = {{{.fd = signals_, .events = POLLIN, .revents = 0},
                                     {.fd = ended_, .events = POLLIN, .revents = 0}}};
    if (poll(waited.data(), waited.size(), -1) < 0) continue;
    if (waited[1].revents != 0) return;
    signalfd_siginfo signal{};
    if (read(signals_, &signal, sizeof signal) != sizeof signal) continue;
    {
      const std::scoped_lock lock(mutex_);
      (signal.ssi_signo == SIGHUP ? to_read_ : signalled_) = true;
    }
    call_if_due();
  }
}

}  // namespace nakadachi::apps
