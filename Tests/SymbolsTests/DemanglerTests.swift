import Testing

@testable import Symbols

struct DemanglerTests {
    @Test(
        arguments: [
            ("$sSa6appendyyxnF", "Array.append(_:)", "Swift.Array.append(__owned A) -> ()"),
            ("$sSa6appendyyxnFSi_Tg5", "specialized Array.append(_:)", nil),
            ("$s4main3FooC3baryS2iFyycfU_", "closure #1 in Foo.bar(_:)", nil),
            ("$s4main3FooC5valueSivg", "Foo.value.getter", "main.Foo.value.getter : Swift.Int"),
            ("$s4main3FooCfD", "Foo.__deallocating_deinit", nil),
            ("$s4main3FooC5valueSivM.resume.0", "Foo.value.modify", nil),
            ("$s4main3fooyyYaFTY0_", "foo()", nil),
            (
                "$ss5print_9separator10terminatoryypd_S2StF", "print(_:separator:terminator:)",
                "Swift.print(_: Any..., separator: Swift.String, terminator: Swift.String) -> ()"
            ),
            ("_$s4main3FooC5valueSivg", "Foo.value.getter", nil),
        ] as [(String, String, String?)])
    func `a Swift name reads as in the runtime's own backtraces`(
        name: String, shown: String, full: String?
    ) {
        #expect(Demangler.displayName(of: name) == shown)
        if let full { #expect(Demangler.fullName(of: name) == full) }
    }

    @Test(arguments: [
        ("_ZN3foo3barEv", "foo::bar()"),
        (
            "_ZNSt6vectorIiSaIiEE9push_backERKi",
            "std::vector<int, std::allocator<int> >::push_back(int const&)"
        ),
        ("_Z3runIiEvT_", "run<int>(int)"),
        ("_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()() const"),
        ("_ZN3foo3barEv.constprop.0", "foo::bar() [clone .constprop.0]"),
        ("_ZN3foo3barEv.cold", "foo::bar() [clone .cold]"),
        ("_ZnwmRKSt9nothrow_t@@GLIBCXX_3.4", "operator new(unsigned long, std::nothrow_t const&)"),
    ])
    func `a C++ name is demangled without its return type`(name: String, shown: String) {
        #expect(Demangler.displayName(of: name) == shown)
    }

    @Test func `the full name of a C++ template has its return type`() {
        #expect(Demangler.fullName(of: "_Z3runIiEvT_") == "void run<int>(int)")
    }

    @Test(arguments: [
        ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"),
        ("_ZN4main3bar17h05af221e174051e9E.llvm.1234", "main::bar"),
        (
            "_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar"
                + "17h930b740aa94f1d3aE", "<Test + 'static as foo::Bar<Test>>::bar"
        ),
        ("_RNvCs1234_7mycrate3foo", "mycrate::foo"),
        ("_RINvNtC3std3mem8align_ofdE", "std::mem::align_of::<f64>"),
        ("_RNCNvC7mycrate4main0", "mycrate::main::{closure#0}"),
    ])
    func `a Rust name is demangled without its hash`(name: String, shown: String) {
        #expect(Demangler.displayName(of: name) == shown)
    }

    @Test(arguments: [
        ("main", "main"), ("main.main", "main.main"), ("", ""), ("$", "$"), ("_Z", "_Z"),
        ("_R", "_R"), ("$s", "$s"), ("_Reader_new", "_Reader_new"), ("_ZN3foo", "_ZN3foo"),
        ("memcpy@@GLIBC_2.14", "memcpy"), ("@odd", "@odd"), ("foo.cold", "foo.cold"),
        ("caf\u{e9}", "caf\u{e9}"),
    ])
    func `a name of no mangling stays, but for its version`(name: String, shown: String) {
        #expect(Demangler.displayName(of: name) == shown)
    }

    @Test func `a name past the limit is not demangled`() {
        let name = "_Z" + String(repeating: "1f", count: Demangler.longestName)
        #expect(Demangler.displayName(of: name) == name)
    }
}
