namespace Actors.Flows;

/// <summary>The ids of problems in flow files. An id is never given another meaning.</summary>
internal static class Rules
{
    public const string Yaml = "ACT1001";
    public const string TooLarge = "ACT1002";
    public const string Tab = "ACT1003";
    public const string NotText = "ACT1004";
    public const string Empty = "ACT1005";
    public const string SeveralDocuments = "ACT1006";
    public const string DuplicateKey = "ACT1007";
    public const string TooComplex = "ACT1008";
    public const string YamlFeature = "ACT1009";

    public const string Root = "ACT1101";
    public const string MissingKey = "ACT1102";
    public const string UnknownKey = "ACT1103";
    public const string WrongType = "ACT1104";
    public const string NotSupported = "ACT1105";
    public const string BadName = "ACT1106";
    public const string DuplicateName = "ACT1107";
    public const string InputType = "ACT1108";
    public const string InputDefault = "ACT1109";
    public const string DuplicateFlow = "ACT1110";

    public const string StepKind = "ACT1201";
    public const string DuplicateId = "ACT1203";
    public const string EmptyBlock = "ACT1204";
    public const string UnknownTask = "ACT1205";
    public const string Duration = "ACT1206";
    public const string Retry = "ACT1207";
    public const string Case = "ACT1208";
    public const string NotAList = "ACT1209";
    public const string Setting = "ACT1210";
    public const string Approval = "ACT1211";
    public const string UnknownFlow = "ACT1212";
    public const string FlowCycle = "ACT1213";
    public const string StateChange = "ACT1214";
    public const string Branch = "ACT1215";
    public const string BranchCycle = "ACT1216";
    public const string MachineState = "ACT1217";
    public const string LoopWithoutEnd = "ACT1218";
    public const string Background = "ACT1219";
    public const string CacheAndExit = "ACT1220";
    public const string Connection = "ACT1221";

    public const string Expression = "ACT1301";
    public const string UnknownReference = "ACT1302";
    public const string LaterReference = "ACT1303";
    public const string UnknownInput = "ACT1304";
    public const string UnknownOutput = "ACT1305";
    public const string Function = "ACT1306";
    public const string HiddenReference = "ACT1307";

    public const string ImpossibleComparison = "ACT1310";
    public const string WrongOperand = "ACT1311";
    public const string WrongArgument = "ACT1312";
    public const string SecretUse = "ACT1313";
    public const string TakenVariable = "ACT1314";
    public const string TextBlock = "ACT1315";
    public const string ForeignStatement = "ACT1316";
    public const string MisplacedFunction = "ACT1317";
    public const string UnknownEnvironment = "ACT1318";
    public const string UnknownState = "ACT1319";
    public const string RepeatedKey = "ACT1320";
    public const string ImpossiblePath = "ACT1321";
    public const string UnknownField = "ACT1322";
    public const string SchemaKeyword = "ACT1340";
    public const string SchemaValue = "ACT1341";
    public const string SchemaReference = "ACT1342";
    public const string SchemaPattern = "ACT1343";
    public const string SchemaDefault = "ACT1344";
    public const string SchemaType = "ACT1345";
    public const string SchemaTooLarge = "ACT1346";
    public const string SchemaNever = "ACT1347";
    public const string SchemaUseless = "ACT1348";

    public const string Unreachable = "ACT1401";
    public const string EmptyQuantifier = "ACT1402";
    public const string MaybeSkipped = "ACT1403";
    public const string ConstantCondition = "ACT1404";
    public const string NoEffect = "ACT1405";

    public const string NothingLeadsHere = "ACT1410";
    public const string NoWayOut = "ACT1411";
    public const string EmptyItems = "ACT1412";
    public const string NeverRun = "ACT1413";
    public const string EndlessLoop = "ACT1414";
    public const string UnchangedCondition = "ACT1415";
    public const string UnusedInput = "ACT1416";
    public const string UnreadState = "ACT1417";
    public const string UnsetState = "ACT1418";
    public const string LongerThanBlock = "ACT1419";
    public const string SecretInFile = "ACT1420";
    public const string RepeatedCase = "ACT1421";
    public const string EndlessSubflows = "ACT1430";
    public const string SubflowNotFound = "ACT1431";
    public const string SubflowInput = "ACT1432";
    public const string UnusedIgnore = "ACT1440";
    public const string BadIgnore = "ACT1441";

    public const string Trigger = "ACT1601";
    public const string Cron = "ACT1602";
    public const string TriggerNotStarted = "ACT1603";
    public const string TriggerSecret = "ACT1604";
    public const string Project = "ACT1611";
    public const string ProjectCycle = "ACT1612";
    public const string MissingFlowFile = "ACT1613";
    public const string IdWithExpression = "ACT1621";
}
