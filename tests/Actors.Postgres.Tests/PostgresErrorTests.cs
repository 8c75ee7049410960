using System.Net.Sockets;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres.Tests;

public sealed class PostgresErrorTests
{
    [Theory]
    [InlineData("22021", StoreFailure.Data)] // a NUL in a text
    [InlineData("22P05", StoreFailure.Data)]
    [InlineData("23505", StoreFailure.Data)]
    [InlineData("23514", StoreFailure.Data)]
    [InlineData("54000", StoreFailure.Data)]
    [InlineData("40001", StoreFailure.Transient)]
    [InlineData("40P01", StoreFailure.Transient)]
    [InlineData("55P03", StoreFailure.Transient)]
    [InlineData("57P01", StoreFailure.Transient)]
    [InlineData("57P03", StoreFailure.Transient)]
    [InlineData("53100", StoreFailure.Transient)]
    [InlineData("53300", StoreFailure.Transient)]
    [InlineData("08006", StoreFailure.Transient)]
    [InlineData("28P01", StoreFailure.Fatal)]
    [InlineData("28000", StoreFailure.Fatal)]
    [InlineData("3D000", StoreFailure.Fatal)]
    [InlineData("42P01", StoreFailure.Fatal)]
    [InlineData("42501", StoreFailure.Fatal)]
    [InlineData("25006", StoreFailure.Fatal)]
    [InlineData("XX001", StoreFailure.Fatal)]
    public void Each_code_says_who_must_act(string code, StoreFailure kind)
    {
        StoreException error = PostgresErrors.From(code, "so it is", "the database shop");

        Assert.Equal(kind, error.Kind);
        Assert.Contains("the database shop", error.Message);
        Assert.Contains(code, error.Message);
    }

    [Theory]
    [InlineData("57P01", StoreFailure.UnknownOutcome)]
    [InlineData("08006", StoreFailure.UnknownOutcome)]
    [InlineData("40P01", StoreFailure.Transient)]
    [InlineData("23505", StoreFailure.Data)]
    public void After_a_commit_was_sent_a_lost_server_leaves_the_outcome_open(string code, StoreFailure kind) =>
        Assert.Equal(kind, PostgresErrors.From(code, "so it is", "here", sent: true).Kind);

    [Fact]
    public void A_pooler_that_passes_no_settings_on_is_named()
    {
        StoreException error = PostgresErrors.From("08P01", "unsupported startup parameter: search_path", "the database shop");

        Assert.Equal(StoreFailure.Fatal, error.Kind);
        Assert.Contains("pooler", error.Message);
    }

    [Theory]
    [InlineData(false, StoreFailure.Transient)]
    [InlineData(true, StoreFailure.UnknownOutcome)]
    public void A_lost_connection_is_transient_until_a_commit_was_sent(bool sent, StoreFailure kind)
    {
        NpgsqlException lost = new("Exception while reading from stream", new SocketException(104));

        Assert.True(PostgresErrors.IsOurs(lost));
        Assert.Equal(kind, PostgresErrors.From(lost, "here", sent).Kind);
    }
}
