use super::proto::{
    AttributeProto, Entry, FunctionProto, GraphProto, NodeProto, OperatorSet, SparseTensorProto, TensorProto,
};
use super::*;

/// A tensor whose data is in this file.
fn tensor(location: &str) -> TensorProto {
    let entry = |key: &str, value: &str| Entry { key: key.into(), value: value.into() };
    TensorProto { external_data: vec![entry("location", location), entry("offset", "0")], ..TensorProto::default() }
}

fn node(attribute: AttributeProto) -> NodeProto {
    NodeProto { attribute: vec![attribute], ..NodeProto::default() }
}

fn graph(node: NodeProto) -> GraphProto {
    GraphProto { node: vec![node], ..GraphProto::default() }
}

fn sparse(values: &str, indices: &str) -> SparseTensorProto {
    SparseTensorProto { values: Some(tensor(values)), indices: Some(tensor(indices)) }
}

/// A model with a weight of its own in each place that the format has for one.
fn with_weights_everywhere() -> ModelProto {
    let constant = |location: &str| node(AttributeProto { t: Some(tensor(location)), ..AttributeProto::default() });
    let body = |inner: GraphProto| node(AttributeProto { g: Some(inner), ..AttributeProto::default() });
    let in_body = GraphProto { initializer: vec![tensor("b-body")], ..graph(constant("c-constant-in-body")) };
    let lists = AttributeProto {
        tensors: vec![tensor("d-list")],
        graphs: vec![graph(body(in_body))],
        sparse_tensor: Some(sparse("e-values", "f-indices")),
        sparse_tensors: vec![sparse("g-values", "h-indices")],
        ..AttributeProto::default()
    };
    let function = FunctionProto {
        node: vec![constant("i-function")],
        attribute_proto: vec![AttributeProto { t: Some(tensor("j-default")), ..AttributeProto::default() }],
    };
    ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSet { domain: String::new(), version: 17 }],
        graph: Some(GraphProto {
            node: vec![node(lists)],
            initializer: vec![tensor("a-weight"), tensor("a-weight")],
            sparse_initializer: vec![sparse("k-values", "l-indices")],
            ..GraphProto::default()
        }),
        functions: vec![function],
    }
}

/// A folder with this model and each file that it names.
fn folder_of(model: &ModelProto) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, model.encode_to_vec()).unwrap();
    for location in model.locations() {
        std::fs::write(folder.path().join(location), location).unwrap();
    }
    (folder, path)
}

#[test]
fn the_hash_covers_weights_wherever_they_are() {
    let model = with_weights_everywhere();
    let (folder, path) = folder_of(&model);
    let whole = GraphFile::read(&path).unwrap();
    assert_eq!(whole.external_data.len(), 12);
    for data in &whole.external_data {
        let before = std::fs::read(&data.file).unwrap();
        std::fs::write(&data.file, "changed").unwrap();
        assert_ne!(GraphFile::read(&path).unwrap().sha256, whole.sha256, "{}", data.location);
        std::fs::write(&data.file, before).unwrap();
    }
    assert_eq!(GraphFile::read(&path).unwrap(), whole);
    for location in model.locations() {
        let file = folder.path().join(location);
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(GraphFile::read(&path), Err(GraphFileError::Missing { .. })), "{location}");
        std::fs::write(file, location).unwrap();
    }
}

/// Records made before other places were looked into stay good where there is nothing in them.
#[test]
fn the_hash_of_a_graph_with_plain_weights_is_that_of_its_bytes_and_theirs() {
    let bodies = NodeProto::default();
    let initializer = vec![tensor("second"), tensor("first")];
    let model = ModelProto {
        graph: Some(GraphProto { initializer, ..graph(bodies) }),
        functions: Vec::new(),
        ..with_weights_everywhere()
    };
    let (_folder, path) = folder_of(&model);
    let bytes = [model.encode_to_vec(), b"first".to_vec(), b"second".to_vec()].concat();
    let found = GraphFile::read(&path).unwrap();
    assert_eq!((found.sha256, found.opset), (crate::model::hex(&Sha256::digest(bytes)), 17));
}

#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A model with one weights file, `weights.bin`.
    fn bytes(location: &str) -> Vec<u8> {
        let graph = GraphProto { initializer: vec![tensor(location)], ..graph(NodeProto::default()) };
        ModelProto { ir_version: 8, graph: Some(graph), ..ModelProto::default() }.encode_to_vec()
    }

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn at(&self, path: &str) -> PathBuf {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        }

        fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
            std::fs::write(self.at(path), bytes).unwrap();
        }

        fn link(&self, path: &str, target: &str) {
            symlink(target, self.at(path)).unwrap();
        }

        /// Whether ONNX Runtime follows by itself what was followed.
        #[track_caller]
        fn followed(&self, model: &str) -> bool {
            let found = GraphFile::read(&self.at(model)).unwrap();
            assert_eq!(found.external_data.len(), 1);
            found.external_data[0].followed
        }

        #[track_caller]
        fn refused(&self, model: &str) -> GraphFileError {
            GraphFile::read(&self.at(model)).unwrap_err()
        }
    }

    #[test]
    fn a_link_is_followed_within_the_folder() {
        let place = Place::new();
        place.write("model.onnx", bytes("weights.bin"));
        place.write("deeper/real.bin", "w");
        place.link("weights.bin", "deeper/real.bin");
        assert!(place.followed("model.onnx"));
        place.link("elsewhere/model.onnx", "../model.onnx");
        place.write("elsewhere/weights.bin", "w");
        assert!(place.followed("elsewhere/model.onnx"), "the graph may be a link, its weights are beside the link");
    }

    #[test]
    fn a_link_is_followed_into_the_blobs_of_its_cache_and_no_other() {
        let place = Place::new();
        place.write("cats/blobs/b1", bytes("model.onnx_data"));
        place.write("cats/blobs/b2", "w");
        place.write("dogs/blobs/b3", "w");
        let snapshot = "cats/snapshots/1234/unet";
        place.link(&format!("{snapshot}/model.onnx"), "../../../blobs/b1");
        place.link(&format!("{snapshot}/model.onnx_data"), "../../../blobs/b2");
        assert!(place.followed("cats/snapshots/1234/unet/model.onnx"));
        // Not with a graph that was copied over its link.
        place.write("cats/snapshots/5678/model.onnx", bytes("model.onnx_data"));
        place.link("cats/snapshots/5678/model.onnx_data", "../../blobs/b2");
        assert!(!place.followed("cats/snapshots/5678/model.onnx"));
        for (snapshot, target) in [
            ("cats/snapshots/other", "../../../dogs/blobs/b3"),
            ("cats/snapshots/above", "../../secret"),
            ("cats/plain/1234", "../../blobs/b2"),
        ] {
            place.write(&format!("{snapshot}/model.onnx"), bytes("model.onnx_data"));
            place.write("cats/secret", "w");
            place.link(&format!("{snapshot}/model.onnx_data"), target);
            let error = place.refused(&format!("{snapshot}/model.onnx"));
            assert!(matches!(error, GraphFileError::Link { .. }), "{snapshot}: {error}");
        }
        // Blobs that are a link could be any folder.
        place.write("mice/snapshots/1/model.onnx", bytes("data"));
        place.link("mice/snapshots/1/data", "../../blobs/secret");
        place.link("mice/blobs", "../cats");
        let error = place.refused("mice/snapshots/1/model.onnx");
        assert!(matches!(error, GraphFileError::Link { .. }), "{error}");
    }

    #[test]
    fn a_location_that_leaves_the_folder_is_refused() {
        let place = Place::new();
        place.write("secret", "w");
        for location in ["../secret", "a/../../secret", "/etc/hostname", ""] {
            place.write("model/model.onnx", bytes(location));
            let error = place.refused("model/model.onnx");
            assert!(matches!(error, GraphFileError::Escapes { .. }), "{location}: {error}");
        }
        place.write("model/model.onnx", bytes("weights.bin"));
        place.link("model/weights.bin", "nowhere");
        let error = place.refused("model/model.onnx");
        assert!(matches!(error, GraphFileError::Missing { .. }), "{error}");
    }
}
