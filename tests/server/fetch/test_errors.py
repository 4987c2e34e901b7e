from modelyard_server.fetch.errors import excerpt, without_secrets


def test_of_an_s3_error_code_and_message_remain() -> None:
    body = (
        "<Error><Code>SignatureDoesNotMatch</Code><Message>The signature is wrong.</Message>"
        "<AWSAccessKeyId>AKIA</AWSAccessKeyId><StringToSign>secret</StringToSign></Error>"
    )
    assert excerpt(f"403: {body}") == "SignatureDoesNotMatch: The signature is wrong."


def test_of_azures_words_those_remain_that_every_try_would_say() -> None:
    body = (
        "<Error><Code>ContainerNotFound</Code><Message>The container does not exist.\nRequestId:ef-1\n"
        "Time:2026-11-22T02:37:21Z</Message></Error>"
    )
    assert excerpt(body) == "ContainerNotFound: The container does not exist."
    refused = (
        r'401: {"error": "invalid_client", "error_description": "AADSTS700213: No matching record.'
        r' Trace ID: 1 Correlation ID: 2", "error_codes": [700213]}'
    )
    assert excerpt(refused) == "AADSTS700213: No matching record."
    assert excerpt(refused.replace(" Trace", r"\r\nTrace")) == "AADSTS700213: No matching record."


def test_a_long_text_is_cut() -> None:
    assert len(excerpt("x" * 1_000_000)) == 300


def test_signatures_and_user_names_leave_urls() -> None:
    text = "GET https://me:pw@host/x?X-Amz-Signature=abc failed, see http://h/y?z=1"
    assert excerpt(text) == "GET https://host/x failed, see http://h/y"


def test_credentials_of_the_environment_are_hidden() -> None:
    environ = {"HF_TOKEN": "hf_abcdef", "AWS_SECRET_ACCESS_KEY": "s3cr3t/key", "AWS_REGION": "us-east-1"}
    text = without_secrets("hf_abcdef and s3cr3t/key in us-east-1", environ)
    assert text == "[hidden] and [hidden] in us-east-1"
