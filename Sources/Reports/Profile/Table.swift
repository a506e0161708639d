/// Distinct values in the order of their first appearance.
struct Table<Value: Hashable> {
    private(set) var values: [Value] = []
    private var indices: [Value: Int] = [:]

    subscript(index: Int) -> Value { values[index] }

    /// The value's index; a new value is appended.
    mutating func index(of value: Value) -> Int {
        if let known = indices[value] { return known }
        indices[value] = values.count
        values.append(value)
        return values.count - 1
    }
}
