return await Actors.Hosting.Server.RunAsync(args, Console.Error);
