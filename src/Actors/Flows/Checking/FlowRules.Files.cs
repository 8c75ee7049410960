namespace Actors.Flows;

public static partial class FlowRules
{
    private static FlowRule[] Files =>
    [
        Error(
            Rules.Yaml, "This is not YAML",
            "The text cannot be read as YAML, so nothing else in the file was looked at. The place is where the reader gave up; the cause is often one line above: a bracket or a quote that is never closed, a missing colon, or another indentation than that of the lines beside it.",
            "flow: example\nsteps: [exit",
            "flow: example\nsteps: [exit]"),
        Error(
            Rules.TooLarge, "The file is too large",
            "A flow file may have up to 1,024 KiB, and a folder up to 10,000 files, so that reading it cannot stop a silo. Large data belongs in inputs or in a system that a task reads from; a large flow belongs in several subflows.",
            "# A file of more than 1,024 KiB.",
            "flow: example\nsteps: [exit]"),
        Error(
            Rules.Tab, "A tab in the indentation",
            "YAML does not allow tabs in the indentation, because programs show them with different widths. Use spaces: two for each level is usual.",
            "flow: example\nsteps:\n\t- exit",
            "flow: example\nsteps:\n  - exit"),
        Error(
            Rules.NotText, "The file is not text",
            "A flow file is text in UTF-8. This one holds bytes or characters that are none, is in another encoding, or cannot be opened. Save it again as UTF-8; in quotes, write a control character as an escape, such as \\t.",
            "flow: example\ndescription: \u0007\nsteps: [exit]",
            "flow: example\ndescription: \"\\a\"\nsteps: [exit]"),
        Error(
            Rules.Empty, "The file is empty",
            "There is nothing in the file but comments and blank lines. A flow has at least a name and one step.",
            "# to be written",
            "flow: example\nsteps: [exit]"),
        Error(
            Rules.SeveralDocuments, "Several documents in one file",
            "A line with three dashes begins another document, and a file holds one flow. Put each flow into a file of its own.",
            "flow: example\nsteps: [exit]\n---\nflow: other\nsteps: [exit]",
            "flow: example\nsteps: [exit]"),
        Error(
            Rules.DuplicateKey, "A key stands twice",
            "A mapping has each key once; of two with the same name it would be chance which one counts. Take one of them out, or give it the name that is meant.",
            "flow: example\nversion: 1\nversion: 2\nsteps: [exit]",
            "flow: example\nversion: 2\nsteps: [exit]"),
        Error(
            Rules.TooComplex, "The file is too complex",
            "The file is nested deeper than 64 levels, has more than 200,000 nodes, its aliases stand for too many of them, or branches wait for each other more than 100,000 times. People do not write such files; they would only cost memory.",
            "flow: example\ndescription: " + new string('[', 65) + new string(']', 65) + "\nsteps: [exit]",
            "flow: example\ndescription: A text.\nsteps: [exit]"),
        Error(
            Rules.YamlFeature, "A part of YAML that flows do not have",
            "Merge keys and tags of types are not part of the language: what a value is must be visible where it stands. Use an alias for a whole value, and quotes for a text that looks like a number.",
            "flow: example\nversion: !!float 1.0\nsteps: [exit]",
            "flow: example\nversion: \"1.0\"\nsteps: [exit]"),
    ];

    private static FlowRule[] Roots =>
    [
        Error(
            Rules.Root, "This is no flow",
            "A flow file is a mapping with the keys flow and steps. This one is a list or a single text.",
            "- flow: example\n- steps: [exit]",
            "flow: example\nsteps: [exit]"),
        Error(
            Rules.MissingKey, "A key is missing",
            "A key that must be there is not. The message says which one, and the place is the mapping that needs it.",
            "flow: example",
            "flow: example\nsteps: [exit]"),
        Error(
            Rules.UnknownKey, "A key is not known",
            "The mapping has no such key. Unknown keys are refused rather than ignored, because a misspelt one would silently do nothing.",
            "flow: example\nstpes: [exit]\nsteps: [exit]",
            "flow: example\nsteps: [exit]"),
        Error(
            Rules.WrongType, "A value of another type is needed",
            "What stands here is of another type than the key takes: a text where a list is needed, a list where a mapping is needed, and so on.",
            "flow: example\nsteps: {task: Charge}",
            "flow: example\nsteps: [{task: Charge}]"),
        Error(
            Rules.NotSupported, "This version does not support it",
            "The word is known from other versions or languages, but this version does not do what it asks for, and does not pretend to. Leave it out, or write it another way.",
            "flow: example\nagents: []\nsteps: [exit]",
            "flow: example\nsteps: [exit]"),
        Error(
            Rules.BadName, "This cannot be a name",
            "Names are used in expressions, keys and addresses. The name of a flow begins with a letter or a digit, then letters, digits, '_', '-' and '.'; all other names begin with a letter or '_', then letters, digits, '_' and '-'. A few words that expressions use themselves, such as inputs and true, cannot be names.",
            "flow: my example\nsteps: [exit]",
            "flow: my-example\nsteps: [exit]"),
        Error(
            Rules.DuplicateName, "A name is declared twice",
            "Two inputs or two outputs have the same name. Give one of them another name.",
            "flow: example\ninputs: [{name: total}, {name: total}]\nsteps: [{task: Charge, inputs: {total: \"${inputs.total}\"}}]",
            "flow: example\ninputs: [{name: total}]\nsteps: [{task: Charge, inputs: {total: \"${inputs.total}\"}}]"),
        Error(
            Rules.InputType, "There is no such type",
            "The types are string, integer, number, boolean, object, array and any.",
            "flow: example\ninputs: [{name: total, type: nmber}]\nsteps: [{task: Charge, inputs: {total: \"${inputs.total}\"}}]",
            "flow: example\ninputs: [{name: total, type: number}]\nsteps: [{task: Charge, inputs: {total: \"${inputs.total}\"}}]"),
        Error(
            Rules.InputDefault, "The default is of another type",
            "A default must be of the type that is declared, because a run that is given nothing gets it as it is. A number in quotes is a text.",
            "flow: example\ninputs: [{name: zip, type: string, default: 1010}]\nsteps: [{task: Charge, inputs: {zip: \"${inputs.zip}\"}}]",
            "flow: example\ninputs: [{name: zip, type: string, default: \"1010\"}]\nsteps: [{task: Charge, inputs: {zip: \"${inputs.zip}\"}}]"),
        Error(
            Rules.DuplicateFlow, "Two files declare one flow",
            "Runs are started and stored by the flow's name, so that each name may be declared once among the files that are loaded together.",
            "flow: example\nsteps: [exit]\n--- # other.yaml\nflow: example\nsteps: [exit]",
            "flow: example\nsteps: [exit]\n--- # other.yaml\nflow: other\nsteps: [exit]"),
    ];
}
