import Systemd
import Testing

@testable import Client

struct UnitLocatorTests {
    @Test(arguments: [
        ("a", "a.service"), ("a.service", "a.service"), ("a.scope", "a.scope"),
        ("user.slice", "user.slice"), ("a.b", "a.b.service"), ("x@1.service", "x@1.service"),
    ])
    func `a unit without a kind is a service`(name: String, full: String) {
        #expect(UnitLocator.fullName(name) == full)
    }

    @Test(
        arguments: [
            (0, 0, nil, [.system]), (0, 1000, nil, [.system, .user(1000)]),
            (0, 1000, 7, [.system, .user(7)]), (0, 0, 7, [.system, .user(7)]),
            (1000, 1000, nil, [.user(1000), .system]), (1000, 1000, 7, [.user(1000), .system]),
        ] as [(UInt32, UInt32, UInt32?, [ServiceManager])])
    func `root's units are the system's first, a user's their own`(
        own: UInt32, invokedBy: UInt32, uid: UInt32?, managers: [ServiceManager]
    ) {
        #expect(UnitLocator.managers(ownUID: own, invokedBy: invokedBy, uid: uid) == managers)
    }

    @Test(
        arguments: [
            ("/system.slice/a.service", .system, true), ("/", .system, false), ("", .system, false),
            ("system.slice", .system, false), ("/a/../b", .system, false), ("/./a", .system, false),
            (
                "/user.slice/user-7.slice/user@7.service/app.slice/a.service", .user(7), true
            ),
            ("/user.slice/user-7.slice/user@7.service", .user(7), false),
            ("/user.slice/user-8.slice/user@8.service/app.slice/a.service", .user(7), false),
            ("/system.slice/a.service", .user(7), false),
            ("/user.slice/user@7.service/../../system.slice/a.service", .user(7), false),
        ] as [(String, ServiceManager, Bool)])
    func `a user's manager names nothing but its own`(
        cgroup: String, manager: ServiceManager, isPlausible: Bool
    ) {
        #expect(UnitLocator.isPlausible(cgroup, of: manager) == isPlausible)
    }
}
