//! Attestations and documents.

use super::*;

#[test]
fn attestations_are_found_by_type_and_key() {
    for format in FORMATS {
        let (store, subject) = store();
        let (good, bad) = (key(), key());
        let place = put_vex(&store, &subject, &good, format, VEX);
        assert_eq!(put_vex(&store, &subject, &good, format, VEX), place);
        put_vex(&store, &subject, &bad, format, b"{}");
        put(&store, &subject, &good, format);
        let keys = public(&[&good]);
        let ask = |kind, keys: Option<&[PublicKey]>| {
            attestations(&store, &subject.digest, kind, keys).unwrap()
        };
        let vex = ask(Some(predicate::OPENVEX), Some(&keys));
        assert_eq!((vex.found.len(), vex.rejected.len()), (1, 1), "{vex:?}");
        assert_eq!(vex.found[0].predicate, VEX);
        assert_eq!(vex.found[0].format, format);
        assert_eq!(vex.found[0].signer, Signer::Key(keys[0].hint()));
        assert!(vex.rejected[0].reason.contains("was not made by"));
        let unchecked = ask(Some(predicate::OPENVEX), None);
        assert_eq!(unchecked.found.len(), 2);
        assert_eq!(
            unchecked.found[0].signer,
            Signer::Unchecked { keyless: false }
        );
        assert_eq!(ask(None, None).found.len(), 2);
        assert_eq!(ask(Some(predicate::SPDX), Some(&keys)), Default::default());
    }
    let (store, subject) = store();
    let error = attest(
        &store,
        &subject,
        IDENTITY,
        &key(),
        SignatureFormat::Bundle,
        NOW,
        predicate::SPDX,
        b"not json",
    );
    assert!(error.unwrap_err().to_string().contains("predicate"));
}

#[test]
fn labels_can_hide_and_never_vouch() {
    let (store, subject) = store();
    let key = key();
    let statement = |kind: &str| {
        let statement = Statement::about(subject_of(&subject.digest), kind, b"{}".to_vec());
        let envelope = Envelope::sign(IN_TOTO_TYPE, statement.to_bytes().unwrap(), &key).unwrap();
        Bundle::of_key(envelope, key.public_key())
            .to_bytes()
            .unwrap()
    };
    let labelled = |bytes: &[u8], label: &str| {
        let label = [(PREDICATE_TYPE.to_owned(), label.to_owned())];
        put_referrer(
            &store,
            &subject,
            BUNDLE_TYPE,
            BUNDLE_TYPE,
            bytes,
            label.into(),
        )
        .unwrap();
    };
    // An attestation that is labelled as a signature is none, and the other way round.
    labelled(&statement(predicate::OPENVEX), predicate::COSIGN_SIGN);
    labelled(&statement(predicate::COSIGN_SIGN), predicate::OPENVEX);
    let keys = public(&[&key]);
    assert!(matches!(
        verify(&store, &subject.digest, &keys),
        Err(Error::Unsigned { .. })
    ));
    let vex = attestations(
        &store,
        &subject.digest,
        Some(predicate::OPENVEX),
        Some(&keys),
    );
    assert_eq!(vex.unwrap(), Default::default());
}

#[test]
fn documents_are_attached_and_found() {
    let (store, subject) = store();
    let vex = "application/vnd.openvex+json";
    let place = attach(&store, &subject, vex, vex, VEX, NOW).unwrap();
    let again = attach(&store, &subject, vex, vex, VEX, "2027-01-01T00:00:00Z").unwrap();
    assert_eq!(again, place);
    attach(&store, &subject, vex, vex, b"{}", NOW).unwrap();
    attach(&store, &subject, "text/other", "text/other", b"x", NOW).unwrap();
    crate::legacy::append(
        &store,
        &subject.digest,
        Kind::Documents,
        "text/spdx+json",
        b"{\"spdxVersion\":\"SPDX-2.3\"}",
        BTreeMap::new(),
    )
    .unwrap();
    let ask = |kinds: &[&str]| referrer_documents(&store, &subject.digest, kinds).unwrap();
    let found = ask(&[vex]);
    assert_eq!((found.found.len(), found.rejected.len()), (2, 0));
    let one = found.found.iter().find(|d| d.manifest == place).unwrap();
    assert_eq!(
        (one.bytes.as_slice(), one.artifact_type.as_str()),
        (VEX, vex)
    );
    assert_eq!(ask(&["text/spdx+json"]).found.len(), 1);
    assert_eq!(ask(&["text/spdx+json", vex]).found.len(), 3);
    assert_eq!(ask(&["text/none"]), Default::default());
    assert_eq!(ask(&[]), Default::default());
}
