import Glibc
import TestSupport
import Testing

@testable import SocketCredentials

private struct Failure: Error {}

struct DescriptorListTests {
    @Test func `everything is closed once and in any order of taking`() async {
        await #expect(processExitsWith: .success) {
            let before = openDescriptors()
            do {
                var list = nullDescriptors(5)
                var other = nullDescriptors(3)
                let numbers = list.numbers
                demandEqual(openDescriptors(), before + 8)
                _ = other.takeFirst()
                demandEqual(openDescriptors(), before + 7)
                list.append(contentsOf: other)
                demandEqual(list.count, 7)
                demandEqual(Array(list.numbers.prefix(5)), numbers)
                switch list.takeFirst() {
                case .none: demand(false, "there is a first")
                case .some(let first): demandEqual(first.rawValue, numbers[0])
                }
                demandEqual(list.count, 6)
                demandEqual(openDescriptors(), before + 6)
            }
            demandEqual(openDescriptors(), before)
        }
    }

    @Test func `a look at one leaves it in the list, also if it throws`() {
        let list = nullDescriptors(2)
        let link = list.withDescriptor(at: 1) { try? $0.kindLink() }
        #expect(link == "/dev/null")
        #expect(throws: Failure.self) {
            try list.withDescriptor(at: 0) { _ in throw Failure() }
        }
        #expect(list.numbers.allSatisfy { fcntl($0, F_GETFD) != -1 })
    }

    @Test func `an empty list has none to take`() {
        var list = DescriptorList()
        switch list.takeFirst() {
        case .none: break
        case .some: Issue.record("there was one")
        }
        let isEmpty = list.isEmpty
        #expect(isEmpty)
    }
}
