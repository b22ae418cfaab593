use super::*;

fn port(name: &str, element: Element, shape: &[i64]) -> Port {
    Port { name: name.into(), element, shape: shape.iter().map(|&d| usize::try_from(d).ok()).collect() }
}

fn decide(inputs: &[Port], outputs: &[Port]) -> Result<Contract, ContractError> {
    Contract::decide(inputs, outputs, &PortNames::default(), &Declared::default())
}

#[test]
fn usual_names_and_types() {
    for time in [
        port("timestep", Element::F32, &[]),
        port("timestep", Element::I64, &[-1]),
        port("t", Element::F16, &[-1]),
        port("timesteps", Element::I64, &[]),
    ] {
        let inputs =
            [port("sample", Element::F32, &[-1, 3, -1, -1]), time.clone(), port("class_labels", Element::I64, &[-1])];
        let contract = decide(&inputs, &[port("out_sample", Element::F32, &[-1, 3, -1, -1])]).unwrap();
        assert_eq!(contract.timestep, time);
        assert!(contract.class_labels.is_some());
        assert_eq!((contract.channels, contract.fixed_batch()), (3, None));
    }
}

#[test]
fn short_names_with_integer_time_and_labels() {
    let inputs =
        [port("x", Element::F32, &[2, 1, 28, 28]), port("y", Element::I64, &[2]), port("t", Element::I64, &[2])];
    let contract = decide(&inputs, &[port("anything", Element::F32, &[2, 2, 28, 28])]).unwrap();
    assert_eq!(contract.class_labels.as_ref().unwrap().name, "y");
    assert!(contract.learned_variance);
    assert_eq!(contract.fixed_batch(), Some(2));
    assert_eq!(contract.fixed_size(), (Some(28), Some(28)));
}

#[test]
fn two_unnamed_integers_are_asked_for() {
    let inputs =
        [port("a", Element::F32, &[-1, 3, 8, 8]), port("b", Element::I64, &[-1]), port("c", Element::I64, &[-1])];
    let outputs = [port("o", Element::F32, &[-1, 3, 8, 8])];
    let error = decide(&inputs, &outputs).unwrap_err();
    assert!(matches!(error, ContractError::Ambiguous { role: PortRole::Timestep, .. }), "{error}");
    let names = PortNames { timestep: Some("b".into()), ..PortNames::default() };
    let contract = Contract::decide(&inputs, &outputs, &names, &Declared::default()).unwrap();
    assert_eq!(contract.class_labels.unwrap().name, "c");
}

#[test]
fn each_fault_has_its_sentence() {
    let image = port("sample", Element::F32, &[-1, 3, -1, -1]);
    let time = port("timestep", Element::F32, &[]);
    let out = port("out", Element::F32, &[-1, 3, -1, -1]);
    let fault = |inputs: &[Port], outputs: &[Port]| decide(inputs, outputs).unwrap_err().to_string();
    assert!(fault(std::slice::from_ref(&time), std::slice::from_ref(&out)).starts_with("the model has no image input"));
    assert!(
        fault(std::slice::from_ref(&image), std::slice::from_ref(&out)).starts_with("the model has no timestep input")
    );
    assert!(fault(&[image.clone(), time.clone()], &[]).starts_with("the model has no image output"));
    let extra = port("mask", Element::Other, &[-1, -1]);
    assert!(fault(&[image.clone(), time.clone(), extra], std::slice::from_ref(&out)).contains("\"mask\""));
    let wide = port("out", Element::F32, &[-1, 4, -1, -1]);
    assert!(fault(&[image, time.clone()], &[wide]).contains("3 channels"));
    let free = port("sample", Element::F32, &[-1, -1, -1, -1]);
    assert!(fault(&[free, time], &[out]).contains("in_channels"));
}

#[test]
fn channels_last_are_recognised() {
    let time = port("t", Element::I64, &[-1]);
    let layout = |input: &[i64], output: &[i64], in_channels: Option<usize>| {
        let declared = Declared { in_channels, ..Declared::default() };
        let inputs = [port("x", Element::F32, input), time.clone()];
        let outputs = [port("out", Element::F32, output)];
        let contract = Contract::decide(&inputs, &outputs, &PortNames::default(), &declared).unwrap();
        (contract.layout, contract.channels, contract.fixed_size())
    };
    let (free, any) = ([-1, -1, -1, 3], (None, None));
    assert_eq!(layout(&free, &free, None), (Layout::Nhwc, 3, any));
    assert_eq!(layout(&free, &free, Some(3)), (Layout::Nhwc, 3, any));
    assert_eq!(layout(&[1, 64, 32, 3], &[1, 64, 32, 3], None), (Layout::Nhwc, 3, (Some(64), Some(32))));
    assert_eq!(layout(&[1, 64, 64, 16], &[1, 64, 64, 16], Some(16)), (Layout::Nhwc, 16, (Some(64), Some(64))));
    // Latents with more channels than pixels, and images as small as their channels.
    assert_eq!(layout(&[1, 16, 8, 8], &[1, 16, 8, 8], None).0, Layout::Nchw);
    assert_eq!(layout(&[1, 3, 4, 4], &[1, 3, 4, 4], None).0, Layout::Nchw);
    assert_eq!(layout(&[-1, 3, -1, -1], &[-1, -1, -1, -1], None), (Layout::Nchw, 3, any));
    assert_eq!(layout(&[-1, -1, -1, -1], &[-1, -1, -1, -1], Some(5)), (Layout::Nchw, 5, any));
}

#[test]
fn channels_behind_the_image_and_other_inputs_are_conditioning() {
    let time = port("timestep", Element::F32, &[-1, 1]);
    let inputs = [
        port("sample", Element::F32, &[-1, 6, -1, -1]),
        time,
        port("difficulty", Element::F32, &[]),
        port("hour", Element::I64, &[-1]),
        port("a", Element::F32, &[-1, 7, 8]),
        port("b", Element::F32, &[-1, 1, 8]),
    ];
    let out = |channels: i64| [port("out", Element::F32, &[-1, channels, -1, -1])];
    let decide =
        |channels: i64, declared: &Declared| Contract::decide(&inputs, &out(channels), &PortNames::default(), declared);
    let named = || Declared { inputs: vec!["hour"], ..Declared::default() };
    let contract = decide(3, &named()).unwrap();
    assert_eq!((contract.channels, contract.concat_channels, contract.learned_variance), (3, 3, false));
    assert!(contract.class_labels.is_none() && contract.hidden_states.is_none());
    let names: Vec<&str> = contract.inputs.iter().map(|port| port.name.as_str()).collect();
    assert_eq!(names, ["difficulty", "hour", "a", "b"]);
    // Six in and six out are an image of six channels, unless the card knows better.
    let of_card = decide(6, &Declared { channels: Some(3), ..named() }).unwrap();
    assert_eq!((of_card.channels, of_card.concat_channels, of_card.learned_variance), (3, 3, true));
    assert_eq!(decide(6, &named()).unwrap().concat_channels, 0);
    let fault = decide(6, &Declared { channels: Some(4), ..named() }).unwrap_err();
    assert_eq!(fault, ContractError::CardChannels { card: 4, input: 6, output: 6 });
    let fault = decide(6, &Declared { in_channels: Some(4), ..named() }).unwrap_err();
    assert!(matches!(fault, ContractError::ConfigChannels { config: 4, graph: 6, .. }));
}

#[test]
fn a_port_that_cannot_play_its_role_is_named() {
    let inputs = [port("x", Element::F32, &[-1, 3, -1, -1]), port("s", Element::F32, &[-1, 6])];
    let names = PortNames { timestep: Some("s".into()), ..PortNames::default() };
    let fault = Contract::decide(&inputs, &inputs[..1], &names, &Declared::default()).unwrap_err().to_string();
    assert_eq!(
        fault,
        "the input \"s\" (f32 [any, 6]) cannot be the timestep, which is a number per sample, or one for all"
    );
}

/// The inputs that optimum-onnx 0.1 gives a family.
fn family(name: &str) -> (Vec<Port>, Vec<Port>) {
    let f32 = |name: &str, shape: &[i64]| port(name, Element::F32, shape);
    let inputs = match name {
        "sd" => vec![
            f32("sample", &[-1, 4, -1, -1]),
            port("timestep", Element::I64, &[]),
            f32("encoder_hidden_states", &[-1, -1, 768]),
        ],
        "sdxl" => vec![
            f32("sample", &[-1, 4, -1, -1]),
            port("timestep", Element::I64, &[]),
            f32("encoder_hidden_states", &[-1, -1, 2048]),
            f32("text_embeds", &[-1, 1280]),
            f32("time_ids", &[-1, 6]),
        ],
        "lcm" => vec![
            f32("sample", &[-1, 4, -1, -1]),
            port("timestep", Element::I64, &[]),
            f32("encoder_hidden_states", &[-1, -1, 768]),
            f32("timestep_cond", &[-1, 256]),
        ],
        "sd3" => vec![
            f32("hidden_states", &[-1, 16, -1, -1]),
            f32("encoder_hidden_states", &[-1, -1, 4096]),
            f32("pooled_projections", &[-1, 2048]),
            f32("timestep", &[-1]),
        ],
        _ => vec![
            f32("hidden_states", &[-1, -1, 64]),
            f32("encoder_hidden_states", &[-1, -1, 4096]),
            f32("pooled_projections", &[-1, 768]),
            f32("timestep", &[-1]),
            port("img_ids", Element::F32, &[-1, 3]),
            port("txt_ids", Element::F32, &[-1, 3]),
            f32("guidance", &[-1]),
        ],
    };
    let (out, shape) = match name {
        "sd3" => ("out_hidden_states", &[-1, 16, -1, -1][..]),
        "flux" => ("out_hidden_states", &[-1, -1, 64][..]),
        _ => ("out_sample", &[-1, 4, -1, -1][..]),
    };
    (inputs, vec![f32(out, shape)])
}

#[test]
fn the_ports_of_every_text_to_image_family() {
    use InputPurpose::{Guidance, GuidanceEmbedding, PooledText, TimeIds};
    for (name, in_channels, sample, layout, channels, purposes) in [
        ("sd", 4, "sample", Layout::Nchw, 4, &[][..]),
        ("sdxl", 4, "sample", Layout::Nchw, 4, &[PooledText, TimeIds]),
        ("lcm", 4, "sample", Layout::Nchw, 4, &[GuidanceEmbedding]),
        ("sd3", 16, "hidden_states", Layout::Nchw, 16, &[PooledText]),
        ("flux", 64, "hidden_states", Layout::Packed, 16, &[PooledText, Guidance]),
    ] {
        let (inputs, outputs) = family(name);
        let declared = Declared { in_channels: Some(in_channels), ..Declared::default() };
        for element in [Element::F32, Element::F16] {
            // A conversion to f16 leaves some inputs as they were.
            let convert = |port: &Port| {
                let converts = port.element == Element::F32 && port.name != "timestep";
                Port { element: if converts { element } else { port.element }, ..port.clone() }
            };
            let inputs: Vec<Port> = inputs.iter().map(convert).collect();
            let contract = Contract::decide(&inputs, &outputs, &PortNames::default(), &declared).unwrap();
            assert_eq!((contract.sample.name.as_str(), contract.sample.element), (sample, element), "{name}");
            assert_eq!((contract.layout, contract.channels, contract.concat_channels), (layout, channels, 0), "{name}");
            assert_eq!(contract.timestep.name, "timestep");
            assert_eq!(contract.hidden_states.as_ref().unwrap().name, "encoder_hidden_states");
            let found: Vec<_> = contract.inputs.iter().filter_map(Port::purpose).collect();
            assert_eq!((&found[..], contract.inputs.len()), (purposes, purposes.len()), "{name}");
            assert!(contract.class_labels.is_none() && contract.fixed_batch().is_none() && !contract.learned_variance);
            assert_eq!(contract.image_ids.is_some() && contract.text_ids.is_some(), name == "flux");
        }
    }
}

#[test]
fn a_packed_image_needs_its_positions_and_returns_what_it_takes() {
    let (mut inputs, outputs) = family("flux");
    let older: Vec<Port> = inputs
        .iter()
        .map(|port| Port {
            shape: if port.name.ends_with("_ids") { vec![None, None, Some(3)] } else { port.shape.clone() },
            ..port.clone()
        })
        .collect();
    assert_eq!(decide(&older, &outputs).unwrap().layout, Layout::Packed);
    inputs[0].shape[2] = Some(384);
    let fault = decide(&inputs, &outputs).unwrap_err();
    assert_eq!(fault, ContractError::PackedConditioning { input: 384, output: 64 });
    inputs.retain(|port| port.name != "img_ids");
    assert!(matches!(decide(&inputs, &outputs), Err(ContractError::NoImage { .. })));
}
