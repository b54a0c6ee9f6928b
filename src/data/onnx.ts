// An ONNX model as a file (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3, IR version 8, operator set 13): the few
// messages and fields that a network of layers needs. The wire format is pbf's.
import { PbfWriter } from 'pbf';
import { bytesOf } from '../protocol/bytes.ts';

/** A dimension: a size, or a name for one that is free, such as the samples of a batch. */
export type OnnxDimension = number | string;

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Floats are parameters, whole numbers are shapes. */
  readonly values: Float32Array | BigInt64Array;
}

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  /** Whole numbers, alone or in a list. */
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly OnnxDimension[];
}

export interface OnnxModel {
  readonly name: string;
  readonly input: OnnxValue;
  readonly output: OnnxValue;
  /** In an order in which each finds its inputs made. */
  readonly nodes: readonly OnnxNode[];
  readonly parameters: readonly OnnxTensor[];
  /** For whoever uses it: names of classes, what the input means. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** IR version 8 is of 2021: every runtime in use reads it. */
const IR_VERSION = 8;
/** Has all that is used, and softmax over the last axis as everybody knows it. */
const OPERATOR_SET = 13;

const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

/** The file's bytes. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, IR_VERSION);
  pbf.writeStringField(2, 'pushpull');
  pbf.writeMessage(7, writeGraph, model);
  pbf.writeMessage(8, (_: null, operators) => operators.writeVarintField(2, OPERATOR_SET), null);
  for (const entry of Object.entries(model.metadata)) pbf.writeMessage(14, writeEntry, entry);
  return pbf.finish();
}

function writeEntry([key, value]: readonly [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeGraph({ name, nodes, parameters, input, output }: OnnxModel, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, name);
  for (const tensor of parameters) pbf.writeMessage(5, writeTensor, tensor);
  pbf.writeMessage(11, writeValue, input);
  pbf.writeMessage(12, writeValue, output);
}

function writeNode({ operator, inputs, output, attributes = {} }: OnnxNode, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input);
  pbf.writeStringField(2, output);
  pbf.writeStringField(3, output);
  pbf.writeStringField(4, operator);
  for (const attribute of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, attribute);
}

function writeAttribute([name, value]: readonly [string, number | readonly number[]], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (typeof value === 'number') pbf.writeVarintField(3, value);
  else for (const one of value) pbf.writeVarintField(8, one);
  pbf.writeVarintField(20, typeof value === 'number' ? ATTRIBUTE_INT : ATTRIBUTE_INTS);
}

function writeTensor({ name, shape, values }: OnnxTensor, pbf: PbfWriter): void {
  for (const size of shape) pbf.writeVarintField(1, size);
  pbf.writeVarintField(2, values instanceof Float32Array ? FLOAT : INT64);
  pbf.writeStringField(8, name);
  // Raw values are little-endian, as every browser's machine is.
  pbf.writeBytesField(9, values instanceof Float32Array ? bytesOf(values) : new Uint8Array(values.slice().buffer));
}

/** ValueInfoProto, of a tensor of floats. */
function writeValue({ name, shape }: OnnxValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, (_: null, type) => type.writeMessage(1, writeTensorType, shape), null);
}

function writeTensorType(shape: readonly OnnxDimension[], pbf: PbfWriter): void {
  pbf.writeVarintField(1, FLOAT);
  pbf.writeMessage(2, writeShape, shape);
}

function writeShape(shape: readonly OnnxDimension[], pbf: PbfWriter): void {
  for (const dimension of shape) pbf.writeMessage(1, writeDimension, dimension);
}

function writeDimension(dimension: OnnxDimension, pbf: PbfWriter): void {
  if (typeof dimension === 'number') pbf.writeVarintField(1, dimension);
  else pbf.writeStringField(2, dimension);
}
