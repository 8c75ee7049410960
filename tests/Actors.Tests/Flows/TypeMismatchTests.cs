using System.Text.Json;
using System.Text.Json.Serialization;
using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class TypeMismatchTests
{
    public enum Colour
    {
        Red,
        DarkGreen,
    }

    [Theory]
    [InlineData("""{"count":"x"}""", "'count' must be an integer, not a string")]
    [InlineData("""{"count":null}""", "'count' must be an integer, not null")]
    [InlineData("""{"count":1.5}""", "'count' must be an integer from -2147483648 to 2147483647, not this number")]
    [InlineData("""{"count":3000000000}""", "'count' must be an integer from -2147483648 to 2147483647, not this number")]
    [InlineData("""{"count":1,"price":"5"}""", "'price' must be a number, not a string")]
    [InlineData("""{"count":1,"urgent":1}""", "'urgent' must be a boolean, not a number")]
    [InlineData("""{"count":1,"name":["a"]}""", "'name' must be a string, not an array")]
    [InlineData("""{"count":1,"colour":"blue"}""", "'colour' must be one of 'red', 'dark_green', not this string")]
    [InlineData("""{"count":1,"when":"soon"}""", "'when' must be a date and time such as 2026-01-31T12:00:00Z, not this string")]
    [InlineData("""{"count":1,"day":{}}""", "'day' must be a date such as 2026-01-31, not an object")]
    [InlineData("""{"count":1,"id":"7"}""", "'id' must be a UUID, not this string")]
    [InlineData("""{"count":1,"lines":{}}""", "'lines' must be an array, not an object")]
    [InlineData("""{"count":1,"lines":[{"sku":"a","amount":1},{"sku":"b","amount":"two"}]}""", "'lines/1/amount' must be an integer, not a string")]
    [InlineData("""{"count":1,"lines":[{"amount":1}]}""", "'lines/0' needs 'sku'")]
    [InlineData("""{"count":1,"lines":[7]}""", "'lines/0' must be an object, not a number")]
    [InlineData("""{"count":1,"prices":{"a/b":1,"c":"1"}}""", "'prices/c' must be a number, not a string")]
    [InlineData("""{"count":1,"prices":{"a/b":true}}""", "'prices/a~1b' must be a number, not a boolean")]
    [InlineData("""{"count":1,"box":{"width":"wide"}}""", "'box/width' must be an integer, not a string")]
    [InlineData("""{"count":1,"odd":"s3cret"}""", "'odd' must be what Odd is read from, not this string")]
    [InlineData("""{"count":1,"cuont":2}""", "'cuont' is not known here. Did you mean 'count'?")]
    [InlineData("""{"zzzzzzzz":2}""", "'zzzzzzzz' is not known here. Known: count, price, urgent, name, colour, when, day, id, lines, prices, box, odd.")]
    [InlineData("""{}""", "it needs 'count'")]
    [InlineData("""[]""", "it must be an object, not an array")]
    [InlineData("\"s3cret\"", "it must be an object, not a string")]
    public void A_task_that_cannot_read_its_input_says_where_what_is_expected_and_what_is_there(string json, string expected)
    {
        JsonElement input = JsonDocument.Parse(json).RootElement;

        TaskException e = Assert.Throws<TaskException>(() => TaskRegistry.ReadInput<Order>("Charge", input));

        Assert.Equal($"Task 'Charge' cannot read its input: {expected}", e.Message);
        Assert.Equal(("invalid_input", false), (e.Code, e.Retryable));
        Assert.DoesNotContain("s3cret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_depends_on_the_value_is_told_with_the_place_that_the_reader_gives()
    {
        JsonElement input = JsonDocument.Parse("""{"shapes":[{"kind":"square","side":1},{"kind":"square","side":"s3cret"}]}""").RootElement;

        Assert.Equal("Task 'Draw' cannot read its input: 'shapes/1/side' cannot be read as Drawing", Assert.Throws<TaskException>(() => TaskRegistry.ReadInput<Drawing>("Draw", input)).Message);
    }

    [Fact]
    public void A_number_that_may_be_a_text_is_not_blamed()
    {
        JsonElement value = JsonDocument.Parse("""{"first":"5","second":"x"}""").RootElement;
        JsonException thrown = Assert.Throws<JsonException>(() => value.Deserialize<Loose>(FlowJson.TaskInputOptions));
        Assert.Equal("'second' must be an integer, not a string", TypeMismatch.Find(value, typeof(Loose), thrown, FlowJson.TaskInputOptions).Sentence("it"));
    }

    public sealed record Loose([property: JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)] int First, int Second);

    [Fact]
    public void A_flow_in_CSharp_says_the_same_of_its_input_with_a_pointer()
    {
        FlowDefinition flow = new CodeFlowDefinition<Order, int>(new OrderFlow());

        InputFault fault = Assert.Single(Assert.Throws<InvalidFlowInputException>(() => flow.CheckInput(JsonDocument.Parse("""{"count":1,"prices":{"a.b/c":"s3cret"}}""").RootElement)).Faults);

        Assert.Equal(new InputFault("/prices/a.b~1c", "'prices/a.b~1c' must be a number, not a string"), fault);
    }

    public sealed record Order(
        int Count, decimal? Price = null, bool Urgent = false, string? Name = null, Colour Colour = Colour.Red, DateTimeOffset? When = null, DateOnly? Day = null, Guid? Id = null,
        IReadOnlyList<Line>? Lines = null, Dictionary<string, double>? Prices = null, Box? Box = null, Odd? Odd = null);

    public sealed record Line(string Sku, int Amount = 1);

    public readonly record struct Box(int Width);

    [JsonConverter(typeof(Never))]
    public sealed record Odd;

    public sealed record Drawing(IReadOnlyList<Shape> Shapes);

    [JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
    [JsonDerivedType(typeof(Square), "square")]
    public abstract record Shape;

    public sealed record Square(int Side) : Shape;

    public sealed class Never : JsonConverter<Odd>
    {
        public override Odd Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new JsonException($"'{reader.GetString()}' is odd.");

        public override void Write(Utf8JsonWriter writer, Odd value, JsonSerializerOptions options) => writer.WriteNullValue();
    }

    private sealed class OrderFlow : Flow<Order, int>
    {
        public override string Name => "Order";

        public override Task<int> RunAsync(IFlowContext ctx, Order input) => Task.FromResult(input.Count);
    }
}
