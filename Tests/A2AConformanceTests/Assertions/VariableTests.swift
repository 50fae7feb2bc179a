import Testing

@testable import A2AConformance

/// Variables and their precedence (ACTS §8, §12.2).
@Suite("Variables")
struct VariableTests {
    private var variables: Variables {
        var variables = Variables(
            document: ["name": "document", "step.x": "document", "url": "{{env.BASE}}/x", "loop": "{{loop}}"],
            environment: ["BASE": "http://here", "name": "environment"])
        variables.steps["step"] = StepRecord(
            response: ["task": ["id": "t1"]], captured: ["x": "captured", "object": ["a": 1]], others: ["status": 200])
        return variables
    }

    @Test(
        "are looked for in steps, the document, the environment, the generators",
        arguments: [
            ("{{step.x}}", "captured"), ("{{name}}", "document"), ("{{env.name}}", "environment"),
            ("{{ name }}", "document"), ("a {{name}} b {{step.x}}", "a document b captured"),
            ("{{url}}/y", "http://here/x/y"), ("{{step.response.task.id}}", "t1"), ("plain } {", "plain } {"),
            ("<{{step.object}}>", #"<{"a":1}>"#),
        ])
    func precedence(_ text: String, _ value: String) throws {
        #expect(try self.variables.resolve(text) == .string(value))
    }

    @Test("keep their type where they stand alone, and get into maps and lists")
    func types() throws {
        #expect(try self.variables.resolve("{{step.object}}") == ["a": 1])
        #expect(
            try self.variables.resolve(["a": ["{{step.x}}", 1], "b": ["c": "{{step.object}}"]] as JSONValue)
                == ["a": ["captured", 1], "b": ["c": ["a": 1]]])
    }

    @Test("generate a new UUID at each place")
    func uuid() throws {
        let text = try #require(try self.variables.resolve("{{$uuid}} {{$uuid}}").string)
        let ids = text.split(separator: " ")
        #expect(ids.count == 2 && ids[0] != ids[1])
        #expect(ids.allSatisfy { $0.count == 36 })
    }

    @Test(
        "without a value say what there is",
        arguments: [
            ("{{nobody}}", "no variable 'nobody'"), ("{{later.x}}", "no step 'later' came before"),
            ("{{step.y}}", "it captured object, x"), ("{{env.NONE}}", "environment variable NONE is not set"),
            ("{{loop}}", "stand in each other"), ("{{open", "without its }}"),
        ])
    func unresolved(_ text: String, _ reason: String) throws {
        let error = #expect(throws: UnresolvedVariable.self) { try self.variables.resolve(text) }
        #expect(error?.description.contains(reason) ?? false, "\(error.map(\.description) ?? "")")
    }

    @Test(
        "name the sources of assertions in several ways",
        arguments: ["step.response", "step", "{{step.response}}", "response", "{{ step }}"])
    func sources(_ text: String) throws {
        #expect(try self.variables.source(text, current: "step") == ["task": ["id": "t1"]])
    }

    @Test("sources reach beside the response")
    func others() throws {
        #expect(try self.variables.source("step.status", current: nil) == 200)
        #expect(try self.variables.source("step.x", current: nil) == "captured")
        #expect(try self.variables.source("name", current: nil) == "document")
        #expect(throws: UnresolvedVariable.self) { try self.variables.source("response", current: nil) }
    }
}
