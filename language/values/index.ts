/** Operations on values, pure and on plain data: used by the evaluator on concrete values and by the analysis on constants. */
export { csvRows } from "./csv";
export { normaliseDocument } from "./document";
export { inlineText, inputText, isSimple, json, prettyJson, showText, typeName, variableText } from "./format";
export { type Inference, infer } from "./infer";
export { callMethod, isMethodName, joinedLists, METHOD_NAMES, MOVING_METHODS } from "./methods";
export { binary, looseEquals, not } from "./operators";
export { MissingSection, select } from "./sections";
export { type Transformer, transformer } from "./transformers";
export { isPlainObject, truthy } from "./truth";
