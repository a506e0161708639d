// The programs as they are built, together: profilerd as a user without privilege, profilerctl as
// the test's user (root where it matters), real perf events, real programs to profile. Every test
// has a daemon of its own and checks in the end that nothing is left in it (World.run).

import Testing

/// All of them; one after the other, for they measure time.
@Suite(.serialized) struct IntegrationTests {}
