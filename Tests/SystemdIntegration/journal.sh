# The unit tests that skip themselves where no journald listens.

if [ -e "$repository/.build/debug/profilerdPackageTests.xctest" ] && [ -n "$(type -P swift)" ]; then
    check "the journal's own unit tests" swift test --package-path "$repository" --skip-build \
        --filter JournalLogHandlerTests
else
    skip "the journal's own unit tests" "no test build: run swift build --build-tests"
fi
