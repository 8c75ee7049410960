using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class SecretMaskTests
{
    private const string Secret = "p\"a ß/+s\\s<w>\n0rd";

    public static TheoryData<string> Forms => new()
    {
        Secret,
        JsonSerializer.Serialize(Secret).Trim('"'),
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(Secret),
        JsonSerializer.Serialize(JsonSerializer.Serialize(Secret).Trim('"')).Trim('"'),
        Uri.EscapeDataString(Secret),
        WebUtility.UrlEncode(Secret),
        Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret)),
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_secret_is_hidden_in_every_form(string form)
    {
        string hidden = new SecretMask(["other", Secret]).Hide($"before {form}, {form} after");

        Assert.Equal("before ***, *** after", hidden);
    }

    [Theory]
    [InlineData("u:")]
    [InlineData("user:")]
    [InlineData("users:")]
    public void A_secret_is_hidden_inside_longer_base64(string before)
    {
        const string Token = "s3cret-token-value";
        string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{before}{Token}:after"));

        string hidden = new SecretMask([Token]).Hide($"Basic {basic}");

        Assert.Contains("***", hidden, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, string.Concat(Pieces(hidden)), StringComparison.Ordinal);
        Assert.True(hidden.Length < basic.Length - 12);
    }

    [Fact]
    public void A_secret_that_is_a_part_of_another_does_not_leave_the_rest() =>
        Assert.Equal("x *** y *** z", new SecretMask(["abcd", "abcd-efgh"]).Hide("x abcd-efgh y abcd z"));

    [Fact]
    public void JSON_is_looked_through()
    {
        SecretMask mask = new(["12345", "s3cr\"et"]);
        JsonElement value = JsonDocument.Parse("""{"a":["s3cr\"et","\u00733cr\"et"],"n":123456,"s3cr\"et":1,"x":true,"y":[null,1.50]}""").RootElement;

        Assert.Equal("""{"a":["***","***"],"n":"***","***":1,"x":true,"y":[null,1.50]}""", mask.Hide(value).GetRawText());
    }

    [Fact]
    public void What_has_no_secret_in_it_stays_as_it_is()
    {
        SecretMask mask = new(["s3cret"]);
        JsonElement value = JsonDocument.Parse("""{ "a" : 1.50 }""").RootElement;

        Assert.Equal(value.GetRawText(), mask.Hide(value).GetRawText());
        Assert.Equal("plain", mask.Hide("plain"));
        Assert.Equal(JsonValueKind.Undefined, mask.Hide(default(JsonElement)).ValueKind);
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData(" a ")]
    public void What_is_too_short_is_not_hidden(string secret)
    {
        SecretMask mask = new([secret]);

        Assert.True(mask.IsEmpty);
        Assert.Equal($"x{secret}y", mask.Hide($"x{secret}y"));
    }

    [Fact]
    public void A_secret_of_a_file_is_hidden_without_its_line_end() => Assert.Equal("x***y", new SecretMask(["s3cret\n"]).Hide("xs3crety"));

    [Fact]
    public void A_secret_with_half_a_surrogate_is_hidden() => Assert.Equal("x***y", new SecretMask(["s3c\ud800ret"]).Hide("xs3c\ud800rety"));

    [Fact]
    public void Much_text_is_looked_through_once()
    {
        string text = string.Concat(Enumerable.Repeat("s3cret, ", 200_000));

        Assert.Equal(200_000 * 5, new SecretMask(Enumerable.Range(0, 50).Select(static i => $"none{i}").Append("s3cret")).Hide(text).Length);
    }

    // What can still be decoded of the text that is left.
    private static IEnumerable<string> Pieces(string hidden) => hidden.Split("***").Select(static piece =>
    {
        string clean = new([.. piece.Where(static c => char.IsLetterOrDigit(c) || c is '+' or '/')]);
        return Encoding.UTF8.GetString(Convert.FromBase64String(clean[..(clean.Length / 4 * 4)]));
    });
}
