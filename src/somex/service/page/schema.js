// The label schema as the service tells it: types, and which relation may lead where.

const SOFTWARE = ["Application", "PlugIn", "ProgrammingEnvironment", "OperatingSystem"];

export class Schema {
  /** Takes the answer of `v1/schema`; `relations` are allowed `{type, from, to}` triples. */
  constructor(answer) {
    this.entityTypes = answer.entity_types;
    this.relationTypes = answer.relation_types;
    this.softwareTypes = new Set(answer.software_types ?? SOFTWARE);
    this.purposeTypes = new Set(answer.purpose_types ?? [...SOFTWARE, "SoftwareCoreference"]);
    this.purposes = answer.purposes ?? ["Usage", "Creation", "Deposition", "Mention"];
    this.pairs = answer.relations ?? answer.pairs ?? [];
    this.allowed = new Set(this.pairs.map((pair) => `${pair.type} ${pair.from} ${pair.to}`));
  }

  /** Tells whether `head <type> tail` is allowed between these entity types. */
  allows(type, head, tail) {
    return this.allowed.has(`${type} ${head} ${tail}`);
  }

  /** Relations that a mention of a type may have: `{type, isHead}`, each once. */
  optionsOf(entityType) {
    const found = new Map();
    for (const { type, from, to } of this.pairs) {
      if (from === entityType) found.set(`${type} head`, { type, isHead: true });
      if (to === entityType) found.set(`${type} tail`, { type, isHead: false });
    }
    const isSoftware = this.softwareTypes.has(entityType); // which has attributes, others are some
    return [...found.values()].sort(
      (a, b) =>
        Number(b.isHead !== isSoftware) - Number(a.isHead !== isSoftware) ||
        this.relationTypes.indexOf(a.type) - this.relationTypes.indexOf(b.type),
    );
  }
}
