//! The few fields of onnx.proto3 that are needed; all others are skipped unread.

use prost::Message;
use std::collections::HashSet;

#[derive(Clone, PartialEq, Message)]
pub(super) struct ModelProto {
    #[prost(int64, tag = "1")]
    pub(super) ir_version: i64,
    #[prost(message, repeated, tag = "8")]
    pub(super) opset_import: Vec<OperatorSet>,
    #[prost(message, optional, tag = "7")]
    pub(super) graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "25")]
    pub(super) functions: Vec<FunctionProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct OperatorSet {
    #[prost(string, tag = "1")]
    pub(super) domain: String,
    #[prost(int64, tag = "2")]
    pub(super) version: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    pub(super) node: Vec<NodeProto>,
    #[prost(message, repeated, tag = "5")]
    pub(super) initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = "15")]
    pub(super) sparse_initializer: Vec<SparseTensorProto>,
    #[prost(message, repeated, tag = "11")]
    pub(super) input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    pub(super) output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ValueInfo {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) kind: Option<TypeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TypeProto {
    #[prost(message, optional, tag = "1")]
    pub(super) tensor: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TensorType {
    #[prost(int32, tag = "1")]
    pub(super) element: i32,
    #[prost(message, optional, tag = "2")]
    pub(super) shape: Option<TensorShape>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TensorShape {
    #[prost(message, repeated, tag = "1")]
    pub(super) dim: Vec<Dimension>,
}

/// A side: a number, or a name that is not read.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Dimension {
    #[prost(int64, tag = "1")]
    pub(super) value: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct FunctionProto {
    #[prost(message, repeated, tag = "7")]
    pub(super) node: Vec<NodeProto>,
    #[prost(message, repeated, tag = "11")]
    pub(super) attribute_proto: Vec<AttributeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    pub(super) input: Vec<String>,
    #[prost(string, tag = "4")]
    pub(super) op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) attribute: Vec<AttributeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AttributeProto {
    #[prost(message, optional, tag = "5")]
    pub(super) t: Option<TensorProto>,
    #[prost(message, optional, tag = "6")]
    pub(super) g: Option<GraphProto>,
    #[prost(message, repeated, tag = "10")]
    pub(super) tensors: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    pub(super) graphs: Vec<GraphProto>,
    #[prost(message, optional, tag = "22")]
    pub(super) sparse_tensor: Option<SparseTensorProto>,
    #[prost(message, repeated, tag = "23")]
    pub(super) sparse_tensors: Vec<SparseTensorProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SparseTensorProto {
    #[prost(message, optional, tag = "1")]
    pub(super) values: Option<TensorProto>,
    #[prost(message, optional, tag = "2")]
    pub(super) indices: Option<TensorProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TensorProto {
    #[prost(int64, repeated, tag = "1")]
    pub(super) dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub(super) data_type: i32,
    #[prost(string, tag = "8")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "13")]
    pub(super) external_data: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Entry {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

/// `TensorProto.FLOAT16`.
const FLOAT16: i32 = 10;

impl NodeProto {
    fn first(&self) -> Option<&str> {
        self.input.first().map(String::as_str)
    }
}

impl ModelProto {
    /// Whether weights of it are 16-bit floats.
    pub(super) fn has_halves(&self) -> bool {
        self.graph.iter().any(|graph| graph.initializer.iter().any(|tensor| tensor.data_type == FLOAT16))
    }

    /// Channels that the first and the last convolution take, where the file holds their kernels. Nodes are in an order
    /// in which they can be computed.
    pub(super) fn convolved_channels(&self) -> Option<(usize, usize)> {
        let graph = self.graph.as_ref()?;
        let taken = |node: &NodeProto| {
            let kernel = graph.initializer.iter().find(|tensor| Some(&tensor.name) == node.input.get(1))?;
            usize::try_from(*kernel.dims.get(1)?).ok()
        };
        let convolutions = || graph.node.iter().filter(|node| node.op_type == "Conv");
        Some((taken(convolutions().next()?)?, taken(convolutions().next_back()?)?))
    }
    /// Rows of the largest table from which values are looked up, where the file says its size: the tokens that a text
    /// encoder knows.
    pub(super) fn looked_up_rows(&self) -> Option<usize> {
        let graph = self.graph.as_ref()?;
        let tables: HashSet<&str> =
            graph.node.iter().filter(|node| node.op_type == "Gather").filter_map(NodeProto::first).collect();
        let tables =
            graph.initializer.iter().filter(|tensor| tensor.dims.len() == 2 && tables.contains(tensor.name.as_str()));
        tables.filter_map(|tensor| usize::try_from(tensor.dims[0]).ok()).max()
    }

    /// Where the model's tensors say that their data lies, each place once, in the order of the names. That includes the
    /// bodies of If, Loop and Scan, constants in attributes, sparse tensors, and functions.
    pub(super) fn locations(&self) -> Vec<&str> {
        self.extents().into_iter().map(|(location, _)| location).collect()
    }

    /// The same with the bytes that the graph reads there, counted from the beginning of each file.
    pub(super) fn extents(&self) -> Vec<(&str, u64)> {
        let mut found: Vec<(&str, u64)> = Vec::new();
        self.graph.iter().for_each(|graph| in_graph(graph, &mut found));
        for function in &self.functions {
            in_nodes(&function.node, &mut found);
            in_attributes(&function.attribute_proto, &mut found);
        }
        // The one that reaches farthest comes first.
        found.sort_unstable_by_key(|&(location, end)| (location, std::cmp::Reverse(end)));
        found.dedup_by_key(|&mut (location, _)| location);
        found
    }
}

fn in_graph<'a>(graph: &'a GraphProto, found: &mut Vec<(&'a str, u64)>) {
    in_tensors(&graph.initializer, found);
    in_sparse(&graph.sparse_initializer, found);
    in_nodes(&graph.node, found);
}

fn in_nodes<'a>(nodes: &'a [NodeProto], found: &mut Vec<(&'a str, u64)>) {
    for node in nodes {
        in_attributes(&node.attribute, found);
    }
}

fn in_attributes<'a>(attributes: &'a [AttributeProto], found: &mut Vec<(&'a str, u64)>) {
    for attribute in attributes {
        in_tensors(attribute.t.iter().chain(&attribute.tensors), found);
        in_sparse(attribute.sparse_tensor.iter().chain(&attribute.sparse_tensors), found);
        attribute.g.iter().chain(&attribute.graphs).for_each(|graph| in_graph(graph, found));
    }
}

fn in_sparse<'a>(tensors: impl IntoIterator<Item = &'a SparseTensorProto>, found: &mut Vec<(&'a str, u64)>) {
    tensors.into_iter().for_each(|tensor| in_tensors(tensor.values.iter().chain(&tensor.indices), found));
}

fn in_tensors<'a>(tensors: impl IntoIterator<Item = &'a TensorProto>, found: &mut Vec<(&'a str, u64)>) {
    for tensor in tensors {
        let said =
            |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
        let number = |key: &str| said(key).and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
        found.extend(said("location").map(|location| (location, number("offset").saturating_add(number("length")))));
    }
}
