using System.Text;
using System.Text.Json;
using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class ValueTests
{
    [Theory]
    [InlineData("null", "null")]
    [InlineData("true", "true")]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("-0.0", "0.0")]
    [InlineData("1.10", "1.10")]
    [InlineData("1e2", "100")]
    [InlineData("1E+20", "100000000000000000000")]
    [InlineData("1E-7", "0.0000001")]
    [InlineData("79228162514264337593543950335", "79228162514264337593543950335")]
    [InlineData("79228162514264337593543950336", "7.922816251426434E+28")]
    [InlineData("0.1234567890123456789012345678901234567890", "0.12345678901234568")]
    [InlineData("1.0000000000000000000000000000000000000000", "1")]
    [InlineData("1e300", "1E+300")]
    [InlineData("1.2345678901234568e-15", "1.2345678901234568E-15")]
    [InlineData("5e-324", "5E-324")]
    [InlineData("9007199254740993", "9007199254740993")]
    [InlineData("\"a\\u00e9\\n\\\"\"", "\"aé\\n\\\"\"")]
    [InlineData("[1,[2,{}],[]]", "[1,[2,{}],[]]")]
    [InlineData("{\"b\":1,\"a\":{\"z\":null}}", "{\"b\":1,\"a\":{\"z\":null}}")]
    [InlineData("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}")]
    public void Json_comes_back_in_one_form_that_is_stable_to_the_byte(string json, string expected)
    {
        byte[] first = JsonSerializer.SerializeToUtf8Bytes(Value.Parse(json), FlowJson.Options);
        byte[] second = JsonSerializer.SerializeToUtf8Bytes(JsonSerializer.Deserialize<Value>(first, FlowJson.Options), FlowJson.Options);

        Assert.Equal(expected, Encoding.UTF8.GetString(first));
        Assert.Equal(first, second);
        Assert.Equal(Value.Parse(json), Value.Parse(expected));
    }

    [Fact]
    public void Random_values_are_stable_to_the_byte()
    {
        Random random = new(7);
        for (int i = 0; i < 5_000; i++)
        {
            byte[] first = JsonSerializer.SerializeToUtf8Bytes(Any(random, 4), FlowJson.Options);
            byte[] second = JsonSerializer.SerializeToUtf8Bytes(JsonSerializer.Deserialize<Value>(first, FlowJson.Options), FlowJson.Options);
            Assert.Equal(Encoding.UTF8.GetString(first), Encoding.UTF8.GetString(second));
        }
    }

    [Fact]
    public void Values_of_records_survive_being_journaled()
    {
        Holder holder = new(Value.Null, Value.Parse("""{"x":[1,"2",null]}"""), [Value.True, Value.Of(1.5m)]);
        string json = JsonSerializer.Serialize(holder, FlowJson.Options);

        Assert.Equal("""{"nothing":null,"some":{"x":[1,"2",null]},"list":[true,1.5]}""", json);
        Holder again = JsonSerializer.Deserialize<Holder>(json, FlowJson.Options)!;
        Assert.Equal(holder.Some, again.Some);
        Assert.True(again.Nothing.IsNull);
        Assert.Equal(holder.List, again.List);
    }

    [Theory]
    [InlineData("null", "")]
    [InlineData("true", "true")]
    [InlineData("1.50", "1.50")]
    [InlineData("\"x\"", "x")]
    [InlineData("[1,\"é\"]", "[1,\"é\"]")]
    [InlineData("{\"a\":null}", "{\"a\":null}")]
    public void Text_form_is_what_templates_show(string json, string expected) => Assert.Equal(expected, Value.Parse(json).ToString());

    [Fact]
    public void Numbers_beyond_double_are_refused() => Assert.Throws<JsonException>(() => Value.Parse("1e999"));

    [Fact]
    public void Infinity_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Value.Of(double.NaN));

    private static Value Any(Random random, int depth) => random.Next(depth > 0 ? 8 : 6) switch
    {
        0 => Value.Null,
        1 => Value.Of(random.Next(2) == 0),
        2 => Value.Of(new decimal(random.Next(), random.Next(), random.Next(), random.Next(2) == 0, (byte)random.Next(29))),
        3 => Finite(BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue))),
        4 => Value.Of(Math.Round(random.NextDouble() * 1000, 3)),
        5 => Value.Of(new string((char)random.Next(32, 0xD7FF), random.Next(4))),
        6 => Value.List(Enumerable.Range(0, random.Next(4)).Select(_ => Any(random, depth - 1)).ToArray()),
        _ => Value.Object(Enumerable.Range(0, random.Next(12)).Select(i => KeyValuePair.Create("k" + i, Any(random, depth - 1))).ToArray()),
    };

    private static Value Finite(double value) => double.IsFinite(value) ? Value.Of(value) : Value.Null;

    private sealed record Holder(Value Nothing, Value Some, IReadOnlyList<Value> List);

    [Theory]
    [InlineData("79228162514264337593543950335", "7.922816251426434E28")]
    [InlineData("1.0", "1")]
    [InlineData("[{\"a\":1,\"b\":[2]}]", "[{\"b\":[2.0],\"a\":1}]")]
    public void Equal_values_have_one_deep_hash(string one, string other)
    {
        (Value a, Value b) = (Value.Parse(one), Value.Parse(other));
        Assert.True(DeepComparer.Instance.Equals(a, b));
        Assert.Equal(DeepComparer.Instance.GetHashCode(a), DeepComparer.Instance.GetHashCode(b));
    }
}
