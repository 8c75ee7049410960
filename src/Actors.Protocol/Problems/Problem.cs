namespace Actors.Protocol;

/// <summary>An error as RFC 9457 says, with a stable code.</summary>
/// <param name="Type">Where the kind of problem is described; may be relative to the host.</param>
/// <param name="Title">The kind of problem in words; the same each time.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What happened this time and what to do about it.</param>
/// <param name="Code">To decide by: one of <see cref="ProblemCodes"/>; later versions may add some.</param>
/// <param name="TraceId">Finds the request in the silo's logs.</param>
/// <param name="Errors">The single faults of the request; absent when the detail says it all.</param>
/// <param name="Line">Of malformed JSON: from 1.</param>
/// <param name="Column">Of malformed JSON: in bytes, from 1.</param>
public sealed record Problem(
    string Type,
    string Title,
    int Status,
    string? Detail,
    string Code,
    string? TraceId = null,
    IReadOnlyList<ProblemError>? Errors = null,
    long? Line = null,
    long? Column = null);

/// <param name="Pointer">JSON pointer (RFC 6901) into the request's body, or <c>?name</c> for a query parameter; empty for the whole.</param>
public sealed record ProblemError(string Pointer, string Detail);

/// <summary>A kind of problem, as served at its type's address.</summary>
public sealed record ProblemDescription(string Code, int Status, string Title, string WhatToDo);
